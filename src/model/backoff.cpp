// SPDX-License-Identifier: Apache-2.0
#include "model/backoff.hpp"

#include <algorithm>

namespace vmc::model {
namespace {

/// Uniform in [0, span]. The bias of a plain modulo is below 2^-29 for spans under a minute.
Duration spread(Duration span, std::uint64_t draw) {
    return Duration(static_cast<std::int64_t>(draw % (static_cast<std::uint64_t>(span.count()) + 1)));
}

}  // namespace

Duration Backoff::next(std::uint64_t draw) {
    worked_ = 0;
    const int failure = failures_++;
    if (failure == 0) return spread(std::min(at_once, cap_), draw);
    const int doublings = std::min(failure - 1, 20);  // 0.5 s * 2^20 is six days, above any cap
    return spread(std::min(cap_, base * (std::int64_t{1} << doublings)), draw);
}

void Backoff::worked() {
    if (++worked_ >= 2) reset();
}

void Backoff::reset() {
    failures_ = 0;
    worked_ = 0;
}

}  // namespace vmc::model
