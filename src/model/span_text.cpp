// SPDX-License-Identifier: Apache-2.0
#include "model/span_text.hpp"

#include <charconv>
#include <utility>

namespace vmc::model {

namespace {

constexpr double longest_seconds = 10 * 365 * 86400.0;

std::optional<double> seconds_in(std::string_view unit) {
    constexpr std::pair<std::string_view, double> units[] = {{"", 1},     {"ms", 0.001}, {"s", 1},    {"m", 60},
                                                             {"min", 60}, {"h", 3600},   {"d", 86400}};
    for (const auto& [name, seconds] : units)
        if (name == unit) return seconds;
    return std::nullopt;
}

}  // namespace

std::optional<Duration> parse_span(std::string_view text) {
    if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
    double number = 0;
    const char* end = text.data() + text.size();
    // NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage): from_chars is told where it ends
    const auto [rest, error] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
    if (error != std::errc()) return std::nullopt;
    const auto unit = seconds_in(std::string_view(rest, static_cast<std::size_t>(end - rest)));
    if (!unit || number * *unit > longest_seconds) return std::nullopt;
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(number * *unit));
}

}  // namespace vmc::model
