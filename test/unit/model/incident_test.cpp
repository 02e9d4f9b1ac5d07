// SPDX-License-Identifier: Apache-2.0
#include "model/incident.hpp"

#include <doctest/doctest.h>

#include "model/fleet_record.hpp"
#include "model/incident_text.hpp"

using namespace vmc;
using namespace vmc::model;
using namespace std::chrono_literals;

namespace {

const WallTime noon{std::chrono::milliseconds(1'795'000'000'000)};
const Instant now_on = Instant{} + 1000h;

Incident opened() {
    Incident incident;
    incident.open(noon, 0x1a2b3c4d5e6f7081);
    return incident;
}

Incident read_back(const Incident& incident) { return Incident::parse(incident.serialise()).value(); }

}  // namespace

TEST_CASE("an incident reads back as it was written, with words that would break its lines made harmless") {
    auto incident = opened();
    incident.looked(true, noon);
    incident.begin(Rung::repair, noon + 1s, 75s, "m1", "sshd-down\nid=evil", "restart = sshd");
    incident.end("m1", false, "no\tsuch\nunit");
    incident.begin(Rung::reboot, noon + 200s, 15s, "m2", "sshd-down", "systemctl reboot");
    const auto read = read_back(incident);
    CHECK(read.state() == Incident::State::open);
    CHECK(read.id() == incident.id());
    CHECK(read.id().ends_with("Z-1a2b3c4d5e6f7081"));
    CHECK(read.opened() == noon);
    REQUIRE(read.steps().size() == 2);
    CHECK(read.steps()[0].reason == "sshd-down id=evil");
    CHECK(read.steps()[0].action == "restart = sshd");
    CHECK(read.steps()[0].result == "no such unit");
    CHECK(read.steps()[0].state == Incident::Step::State::failed);
    CHECK(read.steps()[1].state == Incident::Step::State::open);
    CHECK(read.serialise() == incident.serialise());
}

TEST_CASE("a record that is cut anywhere is no record, and never another one") {
    auto incident = opened();
    incident.begin(Rung::repair, noon, 75s, "m1", "why", "what");
    const auto whole = incident.serialise();
    for (std::size_t n = 0; n < whole.size(); ++n) CHECK(Incident::parse(whole.substr(0, n)).has_value() == (n == 0));
}

TEST_CASE("silence is counted from look to look, and broken by an answer or by nobody looking") {
    auto incident = opened();
    incident.looked(true, noon);
    for (auto at = noon; at <= noon + 5min; at += 30s) incident.looked(true, at);
    CHECK(incident.silent_since(noon + 5min, now_on) == now_on - 5min);
    incident.looked(false, noon + 5min + 10s);
    CHECK_FALSE(incident.silent_since(noon + 6min, now_on).has_value());
    incident.looked(true, noon + 6min);
    incident.looked(true, noon + 8min);  // nobody looked for two minutes
    CHECK(incident.silent_since(noon + 8min, now_on) == now_on);
    incident.looked(true, noon - 1h);  // a clock that was set back
    CHECK(incident.silent_since(noon - 1h, now_on) == now_on);
}

TEST_CASE("a step is under way until it is told to be over, or its time is; it stays taken") {
    auto incident = opened();
    incident.begin(Rung::power_cycle, noon, 60s, "m1", "why", "what");
    CHECK(incident.deeds({}, noon + 59s, now_on).in_flight);
    CHECK_FALSE(incident.deeds({}, noon + 61s, now_on).in_flight);
    CHECK_FALSE(incident.deeds({}, noon - 1h, now_on).in_flight);  // a clock that was set back an hour
    incident.end("m1", true, "done");
    const auto deeds = incident.deeds({}, noon + 10s, now_on);
    CHECK_FALSE(deeds.in_flight);
    REQUIRE(deeds.rungs.size() == 1);
    CHECK(deeds.rungs[0].at == now_on - 10s);
}

TEST_CASE("when a VM is well again its steps may be taken again, and its reboots still count") {
    auto incident = opened();
    incident.begin(Rung::look_again, noon, 1s, "m0", "why", "what");
    incident.begin(Rung::reboot, noon + 1min, 15s, "m1", "why", "what");
    incident.close();
    const auto read = read_back(incident);
    CHECK(read.state() == Incident::State::none);
    const auto deeds = read.deeds({}, noon + 2min, now_on);
    CHECK(deeds.rungs.empty());
    REQUIRE(deeds.reboots.size() == 1);
    CHECK(deeds.reboots[0] == now_on - 1min);
}

TEST_CASE("power actions of a person count too, an NMI does not") {
    PowerLog log;
    log.begin(PowerAction::nmi, noon, 1s, "a");
    log.begin(PowerAction::cycle, noon + 1s, 1s, "b");
    log.end("a");
    CHECK(opened().deeds(log, noon + 1s, now_on).power_actions.size() == 1);
    CHECK(opened().deeds(log, noon + 1s, now_on).in_flight);
    log.end("b");
    CHECK_FALSE(opened().deeds(log, noon + 1s, now_on).in_flight);
}

TEST_CASE("a line of the log is one line of JSON, whatever a host says") {
    const auto line = incident_line(noon, "id", "web-1", "ended", "a \"b\" \\ \n\x1b[2J \xff \xc3\xa4");
    CHECK(line ==
          "{\"schema\":1,\"at\":\"2026-11-18T11:06:40.000Z\",\"incident\":\"id\",\"host\":\"web-1\","
          "\"event\":\"ended\",\"text\":\"a \\\"b\\\" \\\\ \\u000a\\u001b[2J \xef\xbf\xbd \xc3\xa4\"}");
}

namespace {

FleetRecord::Entry entry(int number, WallTime failed, WallTime looked = noon) {
    FleetRecord::Entry made;
    auto digits = std::to_string(number);
    made.vm = std::string(16 - digits.size(), '0') + digits;
    made.looked = looked;
    made.failed = failed;
    return made;
}

}  // namespace

TEST_CASE("those that failed within a minute failed together, and who was not looked at of late is not counted") {
    FleetRecord fleet;
    for (int i = 0; i < 10; ++i) fleet.put(entry(i, i < 4 ? noon - std::chrono::seconds(10 * i) : WallTime{}), noon);
    fleet.put(entry(20, noon - 5min), noon);
    const auto read = FleetRecord::parse(fleet.serialise());
    const auto seen = read.seen_by(entry(0, noon), noon, 0);
    CHECK(seen.size == 11);
    CHECK(seen.failed == 4);
    CHECK(read.seen_by(entry(0, noon), noon, 40).size == 40);
    CHECK(read.seen_by(entry(0, noon), noon + 1h, 0).size == 1);
    CHECK(FleetRecord::parse("nonsense\n\n1 2 3\n" + fleet.serialise()).serialise() == fleet.serialise());
}

TEST_CASE("a step against another VM is in action until it is over") {
    FleetRecord fleet;
    auto other = entry(1, noon);
    other.acting = noon + 1min;
    fleet.put(other, noon);
    CHECK(fleet.seen_by(entry(0, noon), noon, 0).in_action == 1);
    CHECK(fleet.seen_by(entry(1, noon), noon, 0).in_action == 0);  // that is its own
    CHECK(fleet.seen_by(entry(0, noon), noon + 2min, 0).in_action == 0);
}

TEST_CASE("who only looks at a VM that another restarts does not say that this is over") {
    FleetRecord fleet;
    auto restarted = entry(1, noon);
    restarted.acting = noon + 3min;
    fleet.put(restarted, noon);
    fleet.put(entry(1, noon), noon + 10s);  // of another process
    CHECK(fleet.seen_by(entry(2, noon), noon + 10s, 0).in_action == 1);
    restarted.acting = noon + 20s;  // who did it says so
    fleet.put(restarted, noon + 20s);
    CHECK(fleet.seen_by(entry(2, noon), noon + 20s, 0).in_action == 0);
}
