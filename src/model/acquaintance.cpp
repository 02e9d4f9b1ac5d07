// SPDX-License-Identifier: Apache-2.0
#include "model/acquaintance.hpp"

#include <cstdint>

#include "model/boot_text.hpp"
#include "model/key_values.hpp"
#include "model/record_name.hpp"

namespace vmc::model {
namespace {

constexpr Duration news = std::chrono::minutes(1);
/// A host name of DNS, and a port.
constexpr std::size_t longest_canary = 262;
/// No round trip takes an hour.
constexpr std::int64_t longest_us = 3'600'000'000;

}  // namespace

Acquaintance Acquaintance::parse(std::string_view record) {
    const auto values = key_values(record);
    const auto number = [&](std::string_view key) -> std::int64_t {
        const auto found = values.find(key);
        return found == values.end() ? 0 : whole_number<std::int64_t>(found->second).value_or(0);
    };
    Acquaintance known;
    known.answered_ping = number("answered_ping") == 1;
    known.refused_closed_port = number("refused_closed_port") == 1;
    known.forwarded = number("forwarded") == 1;
    if (const auto seen = number("seen_ms"); seen > 0 && seen <= last_millisecond)
        known.seen = WallTime(std::chrono::milliseconds(seen));
    if (const auto span = number("round_trip_us"); span <= longest_us)
        known.round_trip = std::chrono::microseconds(span);
    if (const auto found = values.find("canary"); found != values.end() && found->second.size() <= longest_canary)
        known.canary = found->second;
    known.boot = parse_boot_text(record);
    return known;
}

std::string Acquaintance::serialise() const {
    const auto flag = [](std::string_view key, bool value) { return std::string(key) + (value ? "=1\n" : "=0\n"); };
    std::string text = flag("answered_ping", answered_ping) + flag("refused_closed_port", refused_closed_port) +
                       flag("forwarded", forwarded);
    if (!canary.empty()) text += "canary=" + canary + "\n";
    if (seen) text += "seen_ms=" + std::to_string(seen->time_since_epoch().count()) + "\n";
    if (round_trip > Duration{})
        text += "round_trip_us=" +
                std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(round_trip).count()) + "\n";
    return boot ? text + boot_text(*boot) : text;
}

bool Acquaintance::differs_from(const Acquaintance& before) const {
    if (answered_ping != before.answered_ping || refused_closed_port != before.refused_closed_port ||
        forwarded != before.forwarded || canary != before.canary || boot.has_value() != before.boot.has_value())
        return true;
    if (boot && boot->boot_id != before.boot->boot_id) return true;
    return seen && (!before.seen || *seen < *before.seen || *seen - *before.seen >= news);
}

std::string acquaintance_name(const Target& target) {
    return record_name("known", {target.host(), std::to_string(target.port())});
}

}  // namespace vmc::model
