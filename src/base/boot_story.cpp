// SPDX-License-Identifier: Apache-2.0
#include <vm_connection/boot_story.hpp>

#include <algorithm>

#include "base/span.hpp"

namespace vmc {
namespace {

std::string digits(std::int64_t number, std::size_t width) {
    const std::string text = std::to_string(number);
    return text.size() < width ? std::string(width - text.size(), '0') + text : text;
}

/// "12:03:07Z", with its date when that is not the day of `today`.
std::string clock_text(WallTime at, WallTime today) {
    using namespace std::chrono;
    const auto day = floor<days>(at);
    const hh_mm_ss time(floor<seconds>(at - day));
    const std::string text = digits(time.hours().count(), 2) + ":" + digits(time.minutes().count(), 2) + ":" +
                             digits(time.seconds().count(), 2) + "Z";
    if (day == floor<days>(today)) return text;
    const year_month_day date(day);
    return digits(static_cast<int>(date.year()), 4) + "-" + digits(static_cast<unsigned>(date.month()), 2) + "-" +
           digits(static_cast<unsigned>(date.day()), 2) + " " + text;
}

std::string_view sentence(BootChange change) {
    switch (change) {
        case BootChange::none: return "same boot";
        case BootChange::reboot:
        case BootChange::reboot_at_least_once: return "rebooted";
        case BootChange::crash_reboot: return "crashed and rebooted";
        case BootChange::kexec: return "rebooted by kexec";
        case BootChange::soft_reboot: return "soft reboot: user space restarted, the kernel did not";
        case BootChange::pause: return "same boot; its time stood still";
        case BootChange::snapshot_revert: return "cannot tell: time ran backwards, as after a snapshot revert";
        case BootChange::re_imaged: return "cannot tell: the same hardware with another system on it";
        case BootChange::other_machine: return "cannot tell: another machine answers";
        case BootChange::ambiguous: return "cannot tell whether it is the same machine";
        case BootChange::unknown: return "cannot tell";
    }
    return "cannot tell";
}

std::string times_text(const std::optional<int>& boots) {
    if (!boots) return "at least once";
    return *boots == 1 ? "once" : std::to_string(*boots) + " times at least";
}

std::string ending_text(const BootStory& story) {
    const std::string at = story.died_at ? clock_text(*story.died_at, story.now.read_at) : "";
    switch (story.ended) {
        case BootEnding::orderly: return at.empty() ? ", orderly" : ", orderly, at " + at;
        case BootEnding::crash: return at.empty() ? "" : ", at " + at;
        case BootEnding::unclean: return ", not shut down" + (at.empty() ? "" : ", last alive " + at);
        case BootEnding::unknown: return at.empty() ? "" : ", last alive " + at;
    }
    return "";
}

}  // namespace

std::string_view slug(BootEnding ending) noexcept {
    switch (ending) {
        case BootEnding::unknown: return "unknown";
        case BootEnding::orderly: return "orderly";
        case BootEnding::unclean: return "unclean";
        case BootEnding::crash: return "crash";
    }
    return "unknown";
}

std::string BootStory::line() const {
    std::string text(sentence(change));
    if (change == BootChange::pause) {
        const auto still = stood_still(before, now);
        return still ? text + " for " + spoken(*still) : text;
    }
    if (!is_new_life(change) || change == BootChange::soft_reboot) return text;
    text += ": " + times_text(boots) + ending_text(*this);
    if (returned_at) text += "; back " + clock_text(*returned_at, now.read_at);
    const bool to_the_point = ended == BootEnding::orderly || ended == BootEnding::crash;
    if (down) text += std::string(to_the_point ? " (down " : " (down at most ") + spoken(*down) + ")";
    return text;
}

std::vector<std::string> BootStory::sources() const {
    std::vector<std::string> names;
    for (const auto& clue : evidence)
        if (clue.tells != "note" && std::ranges::find(names, clue.source) == names.end()) names.push_back(clue.source);
    return names;
}

}  // namespace vmc
