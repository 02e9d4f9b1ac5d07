// SPDX-License-Identifier: Apache-2.0
// Whatever a VM says of its boots.
#include <algorithm>
#include <cstdlib>

#include <doctest/doctest.h>

#include "unit/property.hpp"

#include "unit/model/boot_stories.hpp"

using namespace vmc;
using namespace vmc::model;
using namespace vmc::stories;
using namespace std::chrono_literals;

namespace {

using Draw = std::vector<std::int16_t>;

/// Anything a VM may say, true or not.
BootClues whatever(const Draw& draw) {
    auto told_by = clues();
    std::size_t i = 0;
    const auto next = [&] { return draw.empty() ? 0 : draw[i++ % draw.size()]; };
    const auto moment = [&] { return at(std::chrono::seconds(next() % 100), "Kernel panic kexec"); };
    if (next() % 8 == 0) told_by.boot_id = id(static_cast<char>('0' + std::abs(next() % 5)));
    *told_by.clock += std::chrono::seconds(next() % 50);
    for (int n = std::abs(next() % 5); n > 0; --n)
        told_by.boots.push_back(id(static_cast<char>('0' + std::abs(next() % 5))));
    if (next() % 2 == 0) told_by.last_line = moment();
    if (next() % 2 == 0) told_by.target = moment();
    if (next() % 2 == 0) told_by.recovery = moment();
    if (next() % 2 == 0) told_by.wtmp_begins = moment().at;
    for (int n = std::abs(next() % 5); n > 0; --n)
        told_by.wtmp.push_back({next() % 2 ? "reboot" : "shutdown", moment().at});
    for (int n = std::abs(next() % 3); n > 0; --n) told_by.panics.push_back({"pstore", moment()});
    return told_by;
}

}  // namespace

TEST_CASE("whatever a VM says, no claim is without its clue, and the times are in their order") {
    always([](const Draw& draw) {
        const auto story = told(whatever(draw));
        const auto has = [&](std::string_view what) {
            return std::ranges::any_of(story.evidence, [&](const BootClue& clue) { return clue.tells == what; });
        };
        RC_ASSERT(is_new_life(story.change) || story.change == BootChange::ambiguous);
        RC_ASSERT(has("change"));
        RC_ASSERT(story.boots.has_value() == has("boots"));
        RC_ASSERT((story.ended != BootEnding::unknown) == has("ended"));
        RC_ASSERT(story.cause.empty() != has("cause"));
        RC_ASSERT(story.died_at.has_value() == has("died_at"));
        if (story.change == BootChange::reboot || story.change == BootChange::kexec) RC_ASSERT(story.boots == 1);
        if (story.died_at) RC_ASSERT(*story.died_at + 2s >= was().read_at);
        if (story.died_at && story.returned_at) RC_ASSERT(*story.died_at <= *story.returned_at);
        if (story.down) RC_ASSERT(story.boots == 1 && *story.down >= 0s);
    });
}

TEST_CASE("whatever a VM says of its boots, the same boot stays the same boot") {
    always([](const Draw& draw) {
        const auto story = boot_story(was(), is('1'), whatever(draw), then);
        RC_ASSERT(story.change == BootChange::none);
        RC_ASSERT(!story.boots && story.ended == BootEnding::unknown && !story.died_at && story.cause.empty());
    });
}
