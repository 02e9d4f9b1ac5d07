// SPDX-License-Identifier: Apache-2.0
// The rows of the fault matrix that no real host here can play, on simulated ones: each is told by its name, in time,
// and nothing else is claimed. test/matrix has the others; tools/fault-matrix prints all.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <set>
#include <string>

#include "health/check.hpp"
#include "scenario.hpp"

namespace vmc::test {

using namespace std::chrono_literals;
using sim::Fault;
using sim::Trouble;

namespace {

constexpr Duration without_end = 24h;

struct Row {
    const char* name;
    std::function<void(Scenario&)> begins;
    Duration wait;  ///< from its begin to the look
    std::set<std::string> verdicts;
    std::set<std::string> causes;
    std::set<std::string> claims{};  ///< causes that may be claimed; empty: no claim at all
    BootChange change = BootChange::unknown;
    std::set<std::string> among{};  ///< hypotheses that must be named
    bool forwarded = false;
    double within = 15;         ///< seconds that the look may take
    const char* hardware = "";  ///< its product uuid, where it tells one
};

void plan(Scenario& s, const Fault& fault) { fault.plan(s.host); }

/// Its kernel panics behind QEMU's hostfwd, which goes on accepting.
void panic(Scenario& s) { plan(s, Fault::panic(0s)); }

void reboot_with_new_machine_id(Scenario& s) {
    s.host.machine_id = "00000000000000000000000000000001";
    plan(s, Fault::reboot(0s, 5s));
}

const Row rows[] = {
    {.name = "net-latency-2s",
     .begins = [](Scenario& s) { s.host.path.latency = 1s; },
     .wait = 30s,
     .verdicts = {"degraded"},
     .causes = {"slow"},
     .claims = {"slow"},
     .change = BootChange::none,
     .within = 30},
    {.name = "net-bandwidth-8kbit",
     .begins = [](Scenario& s) { s.host.path.bytes_per_second = 1000; },
     .wait = 30s,
     .verdicts = {"degraded", "healthy"},
     .causes = {"slow", "none", "unknown"},
     .claims = {"slow", "none"},
     .change = BootChange::none,
     .within = 30},
    {.name = "net-nat-idle-expiry",
     .begins = [](Scenario& s) { plan(s, Fault::forget_flows(0s, false)); },
     .wait = 30s,
     .verdicts = {"healthy"},
     .causes = {"none"},
     .claims = {"none"},
     .change = BootChange::none},
    {.name = "net-uplink-cut (ours)",
     .begins = [](Scenario& s) { s.world.network().begin_gateway_down(); },
     .wait = 30s,
     .verdicts = {"unreachable", "unknown"},
     .causes = {"observer-offline", "unknown"},
     .among = {"observer-offline"}},
    {.name = "ssh-penalised",
     .begins =
         [](Scenario& s) {
             s.host.throttle_words = "Not allowed at this time";
             plan(s, Fault::throttle(0s, without_end));
         },
     .wait = 10s,
     .verdicts = {"throttled", "degraded"},
     .causes = {"throttled"},
     .claims = {"throttled"},
     .change = BootChange::none},
    {.name = "ssh-fail2ban-ban",
     .begins = [](Scenario& s) { plan(s, Fault::swallow_port(0s, without_end)); },
     .wait = 30s,
     .verdicts = {"unreachable"},
     .causes = {"port-filtered", "unknown"},
     .among = {"port-filtered"}},
    {.name = "vm-panic behind hostfwd",
     .begins = panic,
     .wait = 30s,
     .verdicts = {"unreachable"},
     .causes = {"unknown"},
     .among = {"kernel-dead"},
     .forwarded = true},
    {.name = "vm-panic-no-reboot",
     .begins = panic,
     .wait = 30s,
     .verdicts = {"unreachable"},
     .causes = {"unknown"},
     .among = {"kernel-dead"}},
    {.name = "vm-paused",
     .begins = [](Scenario& s) { plan(s, Fault::pause(0s, without_end)); },
     .wait = 30s,
     .verdicts = {"unreachable"},
     .causes = {"unknown"},
     .among = {"vm-paused"}},
    {.name = "vm-paused, and went on",
     .begins = [](Scenario& s) { plan(s, Fault::pause(0s, 60s)); },
     .wait = 90s,
     .verdicts = {"healthy"},
     .causes = {"none"},
     .claims = {"none"},
     .change = BootChange::pause},
    {.name = "vm-kexec",
     .begins = [](Scenario& s) { plan(s, Fault::kexec(0s)); },
     .wait = 60s,
     .verdicts = {"healthy"},
     .causes = {"none"},
     .claims = {"none"},
     .change = BootChange::reboot_at_least_once},
    {.name = "vm-soft-reboot",
     .begins = [](Scenario& s) { plan(s, Fault::soft_reboot(0s)); },
     .wait = 60s,
     .verdicts = {"healthy"},
     .causes = {"none"},
     .claims = {"none"},
     .change = BootChange::soft_reboot},
    {.name = "vm-snapshot-revert",
     .begins = [](Scenario& s) { plan(s, Fault::snapshot_revert(0s, 60s)); },
     .wait = 10s,
     .verdicts = {"healthy"},
     .causes = {"none"},
     .claims = {"none"},
     .change = BootChange::snapshot_revert},
    {.name = "vm-clock-jump",
     .begins = [](Scenario& s) { s.host.clock_ahead = 8760h; },
     .wait = 10s,
     .verdicts = {"degraded"},
     .causes = {"clock-stepped"},
     .claims = {"clock-stepped"},
     .change = BootChange::none},
    {.name = "vm-readonly-root",
     .begins = [](Scenario& s) { s.host.begin(Trouble::root_read_only); },
     .wait = 10s,
     .verdicts = {"degraded"},
     .causes = {"read-only-root"},
     .claims = {"read-only-root"},
     .change = BootChange::none},
    {.name = "new machine-id, same key and hardware",
     .begins = reboot_with_new_machine_id,
     .wait = 60s,
     .verdicts = {"healthy"},
     .causes = {"none"},
     .claims = {"none"},
     .change = BootChange::reboot_at_least_once,
     .hardware = "4c4c4544-0042-3510-8052-b7c04f443432"},
    {.name = "new machine-id, same key (or a clone)",
     .begins = reboot_with_new_machine_id,
     .wait = 60s,
     .verdicts = {"unknown"},
     .causes = {"ambiguous-identity"},
     .change = BootChange::ambiguous},
};

std::string joined(const std::set<std::string>& words) {
    std::string text;
    for (const auto& word : words) text += (text.empty() ? "" : "|") + word;
    return text;
}

std::string failures(const Health& health) {
    std::string text;
    for (const auto& each : health.evidence)
        if (each.answer == Answer::fails) text += (text.empty() ? "" : " ") + each.check;
    return text;
}

/// Whether it was told as it should be; prints its line of the table.
bool play(const Row& row) {
    Scenario s;
    s.host.forwarded = row.forwarded;
    s.host.product_uuid = row.hardware;
    REQUIRE(s.online());
    auto ports = s.ports();
    (void)s.world.run(health::diagnose(ports, s.world.prober(), *s.link));
    s.world.run_for(40s);
    row.begins(s);
    s.world.run_for(row.wait);
    const Instant asked = s.world.now();
    const auto diagnosis = s.world.run(health::diagnose(ports, s.world.prober(), *s.link));
    const double took = std::chrono::duration<double>(s.world.now() - asked).count();
    const auto& health = diagnosis.health;
    const std::string verdict(slug(health.verdict));
    bool so = row.verdicts.contains(verdict) && row.causes.contains(health.cause) &&
              (!health.claim || row.claims.contains(health.cause)) && diagnosis.boot_change == row.change &&
              took <= row.within;
    for (const auto& cause : row.among)
        so = so && (health.cause == cause ||
                    std::ranges::any_of(diagnosis.hypotheses, [&](const auto& each) { return each.cause == cause; }));
    // Read by tools/fault-matrix: name, judgement, what was said, seconds, evidence, what was expected.
    std::printf("fault-matrix\t%s\t%s\t%s: %s%s, boot %s\t%.1f\t%s\t%s: %s, boot %s\n", row.name,
                so ? "passed" : "WRONG", verdict.c_str(), health.cause.c_str(), health.claim ? " (claimed)" : "",
                std::string(slug(diagnosis.boot_change)).c_str(), took, failures(health).c_str(),
                joined(row.verdicts).c_str(), joined(row.causes).c_str(), std::string(slug(row.change)).c_str());
    return so;
}

}  // namespace

TEST_CASE("the fault matrix where it is simulated") {
    for (const auto& row : rows) {
        CAPTURE(std::string(row.name));
        CHECK(play(row));
    }
}

}  // namespace vmc::test
