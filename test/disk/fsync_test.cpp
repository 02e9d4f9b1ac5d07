// SPDX-License-Identifier: Apache-2.0
// What each fsync of the runner is for: without it, a power cut at some step breaks a promise, and the tier sees it.
#include <doctest/doctest.h>

#include <cstdio>
#include <map>

#include "disk/trial.hpp"

namespace {

struct Fsync {
    const char* name;
    disk::PlayOne play;
    const char* broken;  ///< the promise that breaks; nullptr: nothing that this file system could lose
    const char* why;     ///< nothing is lost
};

// ext4 and XFS commit their logs in order: whatever a later sync makes durable, takes every earlier change of a name
// with it. So an early one can be missed on these; POSIX promises nothing of the kind.
const Fsync fsyncs[] = {
    {"claim", disk::play_one, nullptr, "a later sync takes the directory's name with it"},
    {"files", disk::play_cleanup, "it ran, and its cleanup never did", ""},
    {"input", disk::play_rerun, "it has a result and not all of its output", ""},
    {"request", disk::play_one, "it ran, and its request cannot be read", ""},
    {"request-name", disk::play_one, nullptr, "start-name syncs the same directory"},
    {"start", disk::play_one, "it ran, and is said to have never begun", ""},
    {"start-name", disk::play_one, "it ran, and is said to have never begun", ""},
    {"output", disk::play_one, "it has a result and not all of its output", ""},
    {"result", disk::play_one, "its result was seen, and is lost", ""},
    {"result-name", disk::play_one, "its result was seen, and is lost", ""},
    {"cleanup", disk::play_cleanup, "its cleanup ran twice", ""},
    {"grave", disk::play_broken_off, "it was said that it never runs, and it ran", ""},
    {"attempt", disk::play_second_cut, nullptr, "start-name takes the names above it with it"},
    {"attempt-files", disk::play_second_cut, nullptr, "start-name syncs the same directory"},
};

}  // namespace

namespace {

using Broken = std::map<std::string, int>;

/// Once more where the loss was not seen: what is not synced may get to the disk by itself, after 5 s.
Broken broken_without(const Fsync& fsync) {
    const unsigned steps = disk::steps_of(fsync.play);
    Broken broken;
    for (int round = 0; round < 3; ++round) {
        const auto trials = disk::play_every_step(fsync.play, steps, fsync.name);
        std::printf("without `%s`: %zu cuts:", fsync.name, trials.size());
        for (const auto& trial : trials)
            for (const auto& promise : trial.broken) ++broken[promise];
        for (const auto& [promise, count] : broken) std::printf(" %s (%d)", promise.c_str(), count);
        std::printf("%s\n", broken.empty() ? " nothing lost" : "");
        if (!fsync.broken || broken.contains(fsync.broken)) break;
    }
    return broken;
}

}  // namespace

TEST_CASE("without one of its fsyncs the runner would lose what that one is for") {
    for (const auto& fsync : fsyncs) {
        const auto broken = broken_without(fsync);
        if (!fsync.broken) std::printf("    as expected: %s\n", fsync.why);
        INFO("without ", std::string(fsync.name));
        CHECK(broken.empty() == (fsync.broken == nullptr));
        if (fsync.broken) CHECK(broken.contains(fsync.broken));
    }
}
