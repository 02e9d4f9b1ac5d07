// SPDX-License-Identifier: Apache-2.0
// Suspect is not lost.
#include <doctest/doctest.h>

#include "flow/deadline.hpp"
#include "scenario.hpp"

namespace vmc::test {

using namespace std::chrono_literals;

namespace {

/// From a fault to the first notice of it.
std::optional<Duration> noticed_after(Scenario& s, const sim::Fault& fault) {
    const Instant began = s.world.now();
    fault.plan(s.host);
    const bool noticed = s.world.run_until([&] { return !s.is_online(); }, 60s);
    if (!noticed) return std::nullopt;
    return s.world.now() - began;
}

}  // namespace

TEST_CASE("a dead path is noticed within ten seconds when idle") {
    Scenario s;
    REQUIRE(s.online());
    s.world.run_for(60s);
    const auto after = noticed_after(s, sim::Fault::drop_both(0s, 20s));
    REQUIRE(after.has_value());
    CHECK(*after <= 10s);
}

TEST_CASE("a dead path is noticed within four seconds while output streams") {
    for (const auto latency : {1ms, 50ms, 100ms}) {
        Scenario s;
        s.host.path.latency = latency;
        REQUIRE(s.online());
        s.run(Command("stream 100000000 100000"));
        s.world.run_for(30s);
        const auto after = noticed_after(s, sim::Fault::drop_both(0s, 20s));
        REQUIRE(after.has_value());
        CHECK(*after <= 4s);
    }
}

TEST_CASE("a busy machine that answers within two seconds is never suspect") {
    Target far("web-1");
    far.user("alice").key("key").connect_timeout(60s);
    Scenario s(1, far);
    s.host.path.latency = 900ms;
    REQUIRE(s.online());
    auto& job = s.run(Command("sleep 600; exit 3"));
    REQUIRE(s.until_done(job));
    CHECK(job.outcome->exit_code() == 3);
    CHECK_FALSE(s.world.story().contains("suspect:"));
    CHECK(s.world.transport().attempts == 1);
}

TEST_CASE("a command goes on after a cut of thirty seconds, on its old session") {
    for (const auto& fault :
         {sim::Fault::drop_both(10s, 30s), sim::Fault::drop_in(10s, 30s), sim::Fault::drop_out(10s, 30s),
          sim::Fault::pause(10s, 30s), sim::Fault::freeze(10s, 30s)}) {
        CAPTURE(fault.line());
        Scenario s;
        REQUIRE(s.online());
        fault.plan(s.host);
        auto& job = s.run(Command("stream 600000 10000; exit 7"));
        REQUIRE(s.until_done(job));
        REQUIRE(job.outcome->exit_code().has_value());
        CHECK(*job.outcome->exit_code() == 7);
        CHECK(job.out() == sim::stream_bytes(0, 600'000));
        CHECK(job.outcome->reconnects > 0);
        CHECK(s.world.story().contains("suspect:"));
        CHECK(s.world.story().contains("answered:"));
        CHECK(s.host.times_ran("stream 600000 10000; exit 7") == 1);
    }
}

TEST_CASE("while a session is suspect a new one serves new commands, and the old one keeps its own") {
    Scenario s;
    REQUIRE(s.online());
    auto& old_one = s.run(Command("sleep 60; exit 5"));
    s.world.run_for(1s);
    // A firewall that forgot our connection: the old one is cut, new ones pass.
    sim::Fault::drop_both(0s, 20s).plan(s.host);
    s.world.run_for(20s);
    auto& new_one = s.finish(Command("echo new"));
    CHECK(new_one.out() == "new\n");
    REQUIRE(s.until_done(old_one));
    REQUIRE(old_one.outcome->exit_code().has_value());
    CHECK(*old_one.outcome->exit_code() == 5);
}

TEST_CASE("silence alone makes a command lost only after lost-after, and nothing of it is delivered later") {
    Scenario s;
    REQUIRE(s.online());
    sim::Fault::drop_both(10s, 1h).plan(s.host);
    auto& patient = s.run(Command("sleep 30; echo patient"));
    auto& hasty = s.run(Command("sleep 30; echo hasty").lost_after(60s));
    REQUIRE(s.until_done(hasty));
    CHECK(hasty.took() > 70s);
    CHECK(hasty.took() < 85s);
    CHECK(hasty.outcome->slug() == "lost");
    CHECK(hasty.outcome->may_have_run() == Known::yes);
    REQUIRE(s.until_done(patient));
    CHECK(patient.took() > 5min);
    CHECK(patient.took() < 5min + 30s);
    CHECK(patient.outcome->slug() == "lost");
}

TEST_CASE("a request that lies in our queue when its command is reported lost is never delivered") {
    for (const auto& fault : {sim::Fault::drop_both(120ms, 25s), sim::Fault::pause(120ms, 25s)}) {
        CAPTURE(fault.line());
        Scenario s;
        s.host.path.latency = 50ms;
        REQUIRE(s.online());
        s.world.run_for(10s);
        auto& job = s.run(Command("echo ghost").lost_after(10s));
        // The request leaves after 100 ms and is lost on its way. The old connection heals first:
        // a firewall keeps new ones out for longer.
        fault.plan(s.host);
        sim::Fault::drop_new(0s, 5min).plan(s.host);
        REQUIRE(s.until_done(job));
        CHECK(job.took() < 20s);
        CHECK(job.outcome->slug() == "lost");
        CHECK(job.outcome->may_have_run() == Known::unknown);
        s.world.run_for(10min);
        CHECK(s.is_online());
        CHECK(s.host.times_ran("echo ghost") == 0);
    }
}

TEST_CASE("a request that a frozen machine has acknowledged is unknown to have run, and runs at most once") {
    Scenario s;
    s.host.path.latency = 50ms;
    REQUIRE(s.online());
    s.world.run_for(10s);
    auto& job = s.run(Command("echo ghost").lost_after(10s));
    sim::Fault::freeze(120ms, 60s).plan(s.host);  // its kernel has the request, nobody has read it
    REQUIRE(s.until_done(job));
    CHECK(job.outcome->slug() == "lost");
    CHECK(job.outcome->may_have_run() == Known::unknown);
    s.world.run_for(10min);
    CHECK(s.is_online());
    CHECK(s.host.times_ran("echo ghost") == 1);  // nobody can call it back
}

TEST_CASE("a command is lost at once when its connection ends: RST, or end of file") {
    for (const auto& fault : {sim::Fault::rst(10s), sim::Fault::kill_sessions(10s)}) {
        CAPTURE(fault.line());
        Scenario s;
        REQUIRE(s.online());
        fault.plan(s.host);
        auto& job = s.run(Command("sleep 60"));
        REQUIRE(s.until_done(job));
        CHECK(job.outcome->slug() == "lost");
        CHECK(job.outcome->may_have_run() == Known::yes);
        CHECK(job.took() < 10100ms);
        CHECK(s.online());
    }
}

TEST_CASE("a command is lost as soon as a new boot is proven, not when TCP learns of it") {
    Scenario s;
    REQUIRE(s.online());
    s.world.run_for(5s);
    // After a minute of silence the old connection tries again only every 50 s, and is reset only then.
    sim::Fault::reboot(5s, 60s).plan(s.host);
    auto& job = s.run(Command("sleep 600"));
    s.world.run_for(6s);
    REQUIRE(s.world.run_until([&] { return s.host.serves(); }, 2min));
    REQUIRE(s.until_done(job, 12s));
    CHECK(job.outcome->slug() == "lost");
    CHECK(job.outcome->why()->message() == "the VM has rebooted");
    CHECK(s.online());
}

TEST_CASE("a link that is silent or gone counts as away from then on, and an answer begins anew") {
    for (const auto& fault : {sim::Fault::drop_both(10s, 1h), sim::Fault::power_off(10s)}) {
        Scenario s;
        REQUIRE(s.online());
        const Instant began = s.world.now();
        fault.plan(s.host);
        s.world.run(s.link->until_away_for(2min));
        CHECK(s.world.now() - began >= 2min);
        CHECK(s.world.now() - began <= 10s + 10s + 2min);
    }
    Scenario s;
    REQUIRE(s.online());
    sim::Fault::drop_both(10s, 90s).plan(s.host);
    sim::Fault::drop_both(200s, 90s).plan(s.host);
    auto away = s.link->until_away_for(2min);
    CHECK_FALSE(s.world.run(flow::finishes(s.world.clock(), s.world.now() + 1h, std::move(away))));
}

}  // namespace vmc::test
