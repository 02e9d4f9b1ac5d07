// SPDX-License-Identifier: Apache-2.0
#include "model/check_code.hpp"

namespace vmc::model {

namespace {

constexpr int cannot_tell = 3;

/// The VM may be in the best of health: it is we who cannot see it.
bool about_us(std::string_view cause) noexcept {
    return cause == "auth-denied" || cause == "host-key-changed" || cause.starts_with("observer-");
}

}  // namespace

int check_code_of(const Health& health) noexcept {
    if (health.verdict != Verdict::healthy && about_us(health.cause)) return cannot_tell;
    switch (health.verdict) {
        case Verdict::healthy: return 0;
        case Verdict::degraded:
        case Verdict::throttled: return 1;
        case Verdict::off:
        case Verdict::crashed:
        case Verdict::unreachable: return 2;
        case Verdict::unknown: return cannot_tell;
    }
    return cannot_tell;
}

int check_code_of(BootChange change) noexcept {
    if (is_new_life(change)) return 10;
    // What ran before a pause runs on. After a snapshot was put back it may be gone or run a second time: no answer
    // to "has it rebooted?".
    return change == BootChange::none || change == BootChange::pause ? 0 : cannot_tell;
}

}  // namespace vmc::model
