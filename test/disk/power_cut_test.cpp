// SPDX-License-Identifier: Apache-2.0
// The real runner on a real file system: wherever the power goes, no result that anybody has seen is lost, no
// result is without its output, and nothing runs twice; and a client can go on with what was interrupted.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "disk/trial.hpp"
#include "scenario/sweep.hpp"

using disk::Cut;
using disk::Trial;

namespace {

unsigned step_to_play() {
    const char* const text = std::getenv("VMC_STEP");
    return text ? static_cast<unsigned>(std::strtoul(text, nullptr, 10)) : 0;
}

/// Before every step; with VMC_STEP=n only before that one, a few times.
void sweep_steps(const disk::PlayOne& one, const char* name) {
    const unsigned steps = disk::steps_of(one), only = step_to_play();
    std::printf("%u steps on %s; VMC_STEP=n plays one. ", steps, disk::file_system());
    const auto trials = only ? disk::play(one, disk::workers, [&](unsigned) { return Cut{.before_step = only}; })
                             : disk::play_every_step(one, steps);
    disk::report(trials, name);
}

/// How long a job takes at full speed while others do the same; us.
long time_of_a_job() {
    std::vector<long> times;
    const auto late = [](unsigned) { return Cut{.after = std::chrono::seconds(30)}; };
    for (const auto& trial : disk::play(disk::play_one, 4 * disk::workers, late)) times.push_back(trial.took);
    std::ranges::sort(times);
    return times[times.size() / 4];
}

}  // namespace

TEST_CASE("whatever step the power goes before, no result is lost and nothing runs twice") {
    sweep_steps(disk::play_one, "every step");
}

TEST_CASE("whatever instant the power goes at, no result is lost and nothing runs twice") {
    const vmc::test::Sweep sweep("whatever instant*", 2000);
    std::printf("seeds %lu to %lu; one of them: VMC_DISK_FILE_SYSTEM=%s %s\n", sweep.first(), sweep.last(),
                disk::file_system(), sweep.replay_command(sweep.first()).c_str());
    const auto longest = static_cast<double>(time_of_a_job());
    // The same part of a job's time whatever that is today; one seed alone is played a few times.
    const auto cut_of = [&](unsigned i) {
        std::mt19937_64 chance(sweep.replay() ? sweep.first() : sweep.first() + i);
        const double part = std::uniform_real_distribution(0.0, 1.0)(chance);
        return Cut{.after = std::chrono::microseconds(static_cast<long>(part * longest))};
    };
    const auto count = sweep.replay() ? disk::workers : static_cast<unsigned>(sweep.last() - sweep.first() + 1);
    disk::report(disk::play(disk::play_one, count, cut_of), "any instant");
}

TEST_CASE("a job that may begin again after a power cut does so with all of its input") {
    sweep_steps(disk::play_rerun, "a rerun");
}

TEST_CASE("a power cut while a job begins again makes no attempt run twice, and the next one ends") {
    sweep_steps(disk::play_second_cut, "a second cut");
}

TEST_CASE("the cleanup of a job that ran is run once whatever step the power goes before") {
    sweep_steps(disk::play_cleanup, "a cleanup");
}

TEST_CASE("what was said to never run does not run after a power cut") {
    sweep_steps(disk::play_broken_off, "a submit that broke off");
}

TEST_CASE("an input of which only a part arrived is sent once more, and never run with") {
    const auto part = [](unsigned i) { return Cut{.before_step = i}; };
    disk::report(disk::play(disk::play_part_of_input, 16, part), "a part of its input");
}
