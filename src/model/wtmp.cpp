// SPDX-License-Identifier: Apache-2.0
#include "model/wtmp.hpp"

#include <ranges>

#include "model/key_values.hpp"

namespace vmc::model {

using namespace std::chrono_literals;
using std::chrono::duration_cast;
using std::chrono::milliseconds;

/// "pid1=499860,…": in clock ticks. USER_HZ is 100 wherever Linux runs.
std::optional<milliseconds> pid1_after_kernel(const BootRecord& boot) {
    constexpr std::string_view key = "pid1=";
    std::string_view incarnation = boot.incarnation;
    if (!incarnation.starts_with(key)) return std::nullopt;
    incarnation.remove_prefix(key.size());
    const auto ticks = whole_number<std::uint32_t>(incarnation.substr(0, incarnation.find(',')));
    return ticks ? std::optional(10ms * std::int64_t{*ticks}) : std::nullopt;
}

std::optional<WallTime> begun_at(const BootRecord& boot) {
    if (boot.uptime <= Duration{}) return std::nullopt;
    return boot.read_at - duration_cast<milliseconds>(boot.uptime + boot.took) + pid1_after_kernel(boot).value_or(0ms);
}

std::vector<WtmpRecord> since_reading(const std::vector<WtmpRecord>& newest_first, const BootRecord& read,
                                      milliseconds ahead) {
    const auto start = begun_at(read);
    bool own = false;
    std::vector<WtmpRecord> since;
    for (const WtmpRecord& record : newest_first | std::views::reverse) {
        const WallTime at = record.at - ahead;
        const bool boot = record.kind == "reboot";
        if (at + 1s <= read.read_at) own = own || (boot && start && at + 1s > *start);
        else if (boot && !own && at <= read.read_at) own = true;
        else since.push_back(record);
    }
    return since;
}

}  // namespace vmc::model
