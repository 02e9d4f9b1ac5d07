// SPDX-License-Identifier: Apache-2.0
// Where we ourselves were held up, it is not the VM that did not answer.
#include <doctest/doctest.h>

#include <cstdio>

#include "health/check.hpp"
#include "scenario.hpp"

namespace vmc::test {

using namespace std::chrono_literals;

namespace {

Diagnosis diagnosis_of(Scenario& s) { return s.world.run(health::diagnose(s.ports(), s.world.prober(), *s.link)); }

/// Held up for so long, then left alone for so long, for ten minutes.
void starve(sim::World& world, Duration held, Duration free, int times = 200) {
    if (times == 0) return;
    world.hold_up(held);
    world.at(held + free, [&world, held, free, times] { starve(world, held, free, times - 1); });
}

/// Known to us from before, and well; the trouble begins 5 s later.
void settle(Scenario& s) {
    REQUIRE(s.online());
    (void)diagnosis_of(s);
    s.world.run_for(5s);
}

}  // namespace

TEST_CASE("a process that stood still in the middle of a look does not call a VM silent that is well") {
    int looks = 0;
    for (const bool held_session : {true, false}) {
        for (const Duration pause : {700ms, 2100ms, 5000ms, 12000ms, 600000ms}) {
            for (Duration at = 0ms; at <= 200ms; at += 2ms) {
                Scenario s;
                settle(s);
                if (!held_session) sim::Fault::rst(0s).plan(s.host);
                s.world.at(at, [&s, pause] { s.world.hold_up(pause); });
                const auto diagnosis = diagnosis_of(s);
                ++looks;
                CAPTURE(at);
                CAPTURE(pause);
                CAPTURE(held_session);
                REQUIRE(diagnosis.health.verdict == Verdict::healthy);
                REQUIRE(diagnosis.health.cause == "none");
            }
        }
    }
    MESSAGE(looks << " looks");
}

TEST_CASE("a process that is starved blames itself, or tells the truth") {
    int looks = 0, own = 0;
    for (const bool dead : {false, true}) {
        for (const Duration held : {600ms, 2000ms, 5000ms, 9000ms}) {
            for (const Duration free : {5ms, 50ms, 300ms, 1500ms}) {
                Scenario s;
                settle(s);
                if (dead) sim::Fault::drop_both(0s, 1h).plan(s.host);
                starve(s.world, held, free);
                const auto diagnosis = diagnosis_of(s);
                ++looks;
                CAPTURE(held);
                CAPTURE(free);
                CAPTURE(dead);
                CAPTURE(diagnosis.health.cause);
                own += diagnosis.health.cause == "observer-overloaded";
                const auto verdict = diagnosis.health.verdict;
                if (verdict == Verdict::unknown) CHECK(diagnosis.health.cause == "observer-overloaded");
                else CHECK(verdict == (dead ? Verdict::unreachable : Verdict::healthy));
                if (dead) CHECK_FALSE(diagnosis.health.claim);
            }
        }
    }
    CHECK(own > 0);
    MESSAGE(looks << " looks, " << own << " of them called our own");
}

TEST_CASE("what a VM says outright is believed however late we hear it") {
    Scenario s;
    settle(s);
    s.host.begin(sim::Trouble::sshd_stopped);
    sim::Fault::kill_sessions(0s).plan(s.host);
    starve(s.world, 3s, 200ms);
    const auto diagnosis = diagnosis_of(s);
    CHECK(diagnosis.health.verdict == Verdict::degraded);
    CHECK(diagnosis.health.cause == "sshd-down");
}

}  // namespace vmc::test
