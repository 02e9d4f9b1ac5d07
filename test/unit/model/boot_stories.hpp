// SPDX-License-Identifier: Apache-2.0
// Two readings of one VM, and what it may say of the time between.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "model/boot_story.hpp"

namespace vmc::stories {

using namespace vmc::model;
using namespace std::chrono_literals;

// 2026-11-27 12:00:00 UTC: when the first boot was recorded. The second is read 60 s later, 19 s after its start.
inline constexpr WallTime noon{1795780800s};

inline BootId id(char digit) { return *BootId::parse("1b0c54ac-55d2-4b5c-8f0a-6a3a3e1c7b1" + std::string(1, digit)); }

inline BootRecord was() {
    return {id('1'), "pid1=17", {"SHA256:key", "machine", ""}, 500s, noon, Instant(50s), 10ms, noon - 500s};
}
inline BootRecord is(char boot = '2') {
    BootRecord now = was();
    now.boot_id = id(boot);
    now.uptime = boot == '1' ? 560s : 19s;
    now.read_at = noon + 60s;
    now.read_on += 60s;
    return now;
}

/// The VM's clock agrees with ours; nothing else is told.
inline BootClues clues() {
    BootClues told;
    told.boot_id = id('2');
    told.clock = noon + 61s;
    return told;
}
inline constexpr AskedBetween then{noon + 60500ms, noon + 61500ms};

inline Dated at(Duration after, std::string text = "") {
    return {noon + std::chrono::duration_cast<std::chrono::milliseconds>(after), std::move(text)};
}
inline BootStory told(const BootClues& by) { return boot_story(was(), is(), by, then); }

inline bool tells(const BootStory& story, std::string_view what, std::string_view source) {
    return std::ranges::any_of(story.evidence,
                               [&](const BootClue& clue) { return clue.tells == what && clue.source == source; });
}

inline BootClues with_journal(std::initializer_list<char> boots) {
    auto told = clues();
    for (const char boot : boots) told.boots.push_back(id(boot));
    return told;
}
inline BootClues orderly() {
    auto told = with_journal({'0', '1', '2'});
    told.target = at(7s, "systemd[1]: Reached target reboot.target - System Reboot.");
    told.last_line = at(7500ms);
    return told;
}

}  // namespace vmc::stories
