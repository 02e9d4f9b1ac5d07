// SPDX-License-Identifier: Apache-2.0
#include "model/fleet_record.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "model/record_line.hpp"
#include "model/record_name.hpp"

namespace vmc::model {
namespace {

/// Zero is a time of its own here: never.
std::optional<WallTime> time_or_never(std::string_view text) {
    return text == "0" ? std::optional(WallTime{}) : parse_record_time(text);
}

std::optional<FleetRecord::Entry> entry_of(std::string_view line) {
    std::array<std::string_view, 4> words;
    for (auto& word : words) word = take_field(line);
    const auto looked = time_or_never(words[1]), failed = time_or_never(words[2]), acting = time_or_never(words[3]);
    if (words[0].size() != 16 || !looked || !failed || !acting || !line.empty()) return std::nullopt;
    FleetRecord::Entry entry;
    entry.vm = words[0];
    entry.looked = *looked;
    entry.failed = *failed;
    entry.acting = *acting;
    return entry;
}

Duration apart(WallTime one, WallTime other) { return one < other ? other - one : one - other; }

}  // namespace

FleetRecord FleetRecord::parse(std::string_view record) {
    FleetRecord read;
    while (!record.empty() && read.entries_.size() < most) {
        const auto end = std::min(record.find('\n'), record.size());
        if (auto entry = entry_of(record.substr(0, end))) read.entries_.push_back(std::move(*entry));
        record.remove_prefix(std::min(end + 1, record.size()));
    }
    std::ranges::sort(read.entries_, {}, &Entry::vm);
    return read;
}

std::string FleetRecord::serialise() const {
    std::string text;
    for (const Entry& entry : entries_)
        text += entry.vm + " " + record_time(entry.looked) + " " + record_time(entry.failed) + " " +
                record_time(entry.acting) + "\n";
    return text;
}

void FleetRecord::put(Entry entry, WallTime now) {
    std::erase_if(entries_, [&](const Entry& e) { return apart(e.looked, now) > remembered && e.acting <= now; });
    const auto at = std::ranges::lower_bound(entries_, entry.vm, {}, &Entry::vm);
    const bool known = at != entries_.end() && at->vm == entry.vm;
    if (known && entry.acting == WallTime{}) entry.acting = at->acting;
    if (known) *at = std::move(entry);
    else entries_.insert(at, std::move(entry));
}

Fleet FleetRecord::seen_by(const Entry& mine, WallTime now, std::size_t size_told) const {
    Fleet fleet;
    fleet.size = fleet.failed = 1;
    fleet.in_action = 0;
    for (const Entry& other : entries_) {
        if (other.vm == mine.vm) continue;
        if (other.acting > now) ++fleet.in_action;
        if (apart(other.looked, now) > remembered) continue;
        ++fleet.size;
        if (other.failed != WallTime{} && apart(other.failed, mine.failed) <= together) ++fleet.failed;
    }
    fleet.size = std::max(fleet.size, size_told);
    return fleet;
}

std::string fleet_name_of(const Target& target) {
    const auto name = record_name("x", {target.host(), std::to_string(target.port())});
    return name.substr(2);
}

}  // namespace vmc::model
