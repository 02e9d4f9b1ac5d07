// SPDX-License-Identifier: Apache-2.0
// A fault begins while we look: at every few milliseconds of a look, what is claimed is one of both, the machine
// before or the machine after, and never a third that there was at no time.
#include <doctest/doctest.h>

#include <cstdio>
#include <set>
#include <string>
#include <vector>

#include "health/check.hpp"
#include "scenario.hpp"

namespace vmc::test {

using namespace std::chrono_literals;
using sim::Fault;

namespace {

using Faults = std::vector<Fault>;

struct Change {
    const char* name;
    Faults (*begins)(Duration at);
    std::set<std::string> claims;  ///< beside "healthy: none"
};

constexpr Duration for_good = 1h;

const Change changes[] = {
    {"the path breaks", [](Duration at) { return Faults{Fault::drop_both(at, for_good)}; }, {}},
    {"no TCP passes", [](Duration at) { return Faults{Fault::swallow_tcp(at, for_good)}; }, {}},
    {"its port is filtered", [](Duration at) { return Faults{Fault::swallow_port(at, for_good)}; }, {}},
    {"newcomers are filtered",
     [](Duration at) { return Faults{Fault::drop_new(at, for_good)}; },
     {"port-filtered", "unknown"}},
    {"it is paused", [](Duration at) { return Faults{Fault::pause(at, for_good)}; }, {}},
    {"its power goes", [](Duration at) { return Faults{Fault::power_off(at)}; }, {}},
    {"its programs stand still",
     [](Duration at) { return Faults{Fault::freeze(at, for_good)}; },
     {"userspace-stuck", "unknown"}},
    {"its sessions are killed", [](Duration at) { return Faults{Fault::kill_sessions(at)}; }, {}},
    {"sshd stops", [](Duration at) { return Faults{Fault::sshd_stop(at, for_good)}; }, {"sshd-down"}},
    {"sshd and its sessions end",
     [](Duration at) { return Faults{Fault::sshd_stop(at, for_good), Fault::kill_sessions(at)}; },
     {"sshd-down"}},
    {"sshd stands still", [](Duration at) { return Faults{Fault::sshd_freeze(at, for_good)}; }, {"sshd-hung"}},
    {"no process is left",
     [](Duration at) { return Faults{Fault::fork_fails(at, for_good)}; },
     {"fork-failure", "unknown"}},
};

struct Looks {
    int looks = 0;
    int claims = 0;
    int wrong = 0;
};

void look_while(const Change& change, Duration at, Looks& count) {
    Scenario s;
    s.host.path.latency = 10ms;
    REQUIRE(s.online());
    auto ports = s.ports();
    (void)s.world.run(health::diagnose(ports, s.world.prober(), *s.link));
    s.world.run_for(20s);
    sim::plan(change.begins(at), s.host);
    const auto diagnosis = s.world.run(health::diagnose(ports, s.world.prober(), *s.link));
    ++count.looks;
    if (!diagnosis.health.claim) return;
    ++count.claims;
    const bool well = diagnosis.health.verdict == Verdict::healthy && diagnosis.health.cause == "none";
    const bool so = well || change.claims.contains(diagnosis.health.cause);
    count.wrong += !so;
    CHECK_MESSAGE(so, std::string(change.name), ", ", at / 1ms, " ms after a look began: claimed ",
                  slug(diagnosis.health.verdict), ", ", diagnosis.health.cause, "\n", s.world.story().text());
}

}  // namespace

TEST_CASE("a fault that begins in the middle of a look is not told as a third") {
    Looks count;
    for (const auto& change : changes)
        for (Duration at = 0ms; at <= 400ms; at += 5ms) look_while(change, at, count);
    std::printf("in the middle: %d looks, %d claims, %d of them wrong\n", count.looks, count.claims, count.wrong);
    CHECK(count.claims > 0);
}

}  // namespace vmc::test
