// SPDX-License-Identifier: Apache-2.0
#include "base/span.hpp"

namespace vmc {
namespace {

std::string pair_of(std::int64_t count, std::int64_t unit, const char* large, const char* small,
                    std::int64_t small_unit) {
    std::string text = std::to_string(count / unit) + large;
    if (const auto rest = count % unit / small_unit; rest > 0) text += " " + std::to_string(rest) + small;
    return text;
}

}  // namespace

std::string spoken(Duration span) {
    using namespace std::chrono;
    if (span < Duration{}) return "-" + spoken(span == Duration::min() ? Duration::max() : -span);
    const std::int64_t ms = duration_cast<milliseconds>(span).count();
    const std::int64_t s = ms / 1000;
    if (s < 1) return std::to_string(ms) + " ms";
    if (s < 10) return std::to_string(s) + "." + std::to_string(ms % 1000 / 100) + " s";
    if (s < 60) return std::to_string(s) + " s";
    if (s < 3600) return pair_of(s, 60, " min", " s", 1);
    if (s < 86400) return pair_of(s, 3600, " h", " min", 60);
    return pair_of(s, 86400, " d", " h", 3600);
}

}  // namespace vmc
