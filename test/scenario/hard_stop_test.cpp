// SPDX-License-Identifier: Apache-2.0
// What stops us until a person says otherwise.
#include <doctest/doctest.h>

#include "scenario.hpp"

namespace vmc::test {

using namespace std::chrono_literals;

namespace {

Code stopped_by(const Scenario& s) {
    const auto* stopped = std::get_if<model::Stopped>(&s.link->state());
    return stopped && stopped->why ? stopped->why->code() : Code::bad_request;
}

}  // namespace

TEST_CASE("a changed host key stops the link: no login, no command, no further attempt") {
    Scenario s;
    REQUIRE(s.online());
    s.world.run_for(5s);
    const auto logins = s.host.sshd().logins;
    const auto ran = s.host.ledger().size();
    sim::Fault::new_host_key(0s).plan(s.host);
    sim::Fault::rst(1s).plan(s.host);
    s.world.run_for(30s);
    CHECK(stopped_by(s) == Code::host_key_changed);
    const int attempts = s.world.transport().attempts;
    auto& job = s.finish(Command("echo secret"));
    CHECK(job.outcome->slug() == "refused");
    CHECK(job.outcome->why()->code() == Code::host_key_changed);
    s.world.run_for(1h);
    CHECK(s.world.transport().attempts == attempts);
    CHECK(s.host.sshd().logins == logins);
    CHECK(s.host.ledger().size() == ran);
    CHECK(s.host.times_ran("echo secret") == 0);
}

TEST_CASE("after the new key has been trusted the link connects again when asked") {
    Scenario s;
    REQUIRE(s.online());
    sim::Fault::new_host_key(0s).plan(s.host);
    sim::Fault::rst(1s).plan(s.host);
    s.world.run_for(30s);
    s.world.transport().known_hosts.clear();
    CHECK(s.connect().has_value());
    CHECK(s.finish(Command("echo ok")).out() == "ok\n");
}

TEST_CASE("a changed key met beside a suspect session leaves that session its commands") {
    Scenario s;
    REQUIRE(s.online());
    auto& job = s.run(Command("sleep 90; exit 4"));
    s.world.run_for(5s);
    sim::Fault::freeze(0s, 30s).plan(s.host);
    sim::Fault::new_host_key(1s).plan(s.host);
    REQUIRE(s.until_done(job));
    REQUIRE(job.outcome->exit_code().has_value());
    CHECK(*job.outcome->exit_code() == 4);
}

TEST_CASE("two denials open the breaker: nobody knocks for ten minutes, then one try is allowed") {
    Scenario s;
    sim::Fault::deny(0s, 24h).plan(s.host);
    s.world.run_for(1ms);
    for (int i = 0; i < 20; ++i) {
        const auto tried = s.connect();
        REQUIRE_FALSE(tried.has_value());
        CHECK(tried.error().code() == (i < 2 ? Code::auth_denied : Code::auth_held));
        s.world.run_for(1s);
    }
    CHECK(s.host.sshd().denials == 2);
    s.world.run_for(10min);
    CHECK(s.connect().error().code() == Code::auth_denied);
}

TEST_CASE("the breaker outlives the process, and --retry-auth overrides it") {
    Scenario s;
    sim::Fault::deny(0s, 1min).plan(s.host);
    s.world.run_for(1ms);
    for (int i = 0; i < 5; ++i) {
        CHECK_FALSE(s.connect().has_value());
        s.close();
        s.link = s.make_link();  // the next `vmc exec` of a shell loop
    }
    CHECK(s.host.sshd().denials == 2);
    s.world.run_for(2min);
    CHECK(s.connect().error().code() == Code::auth_held);
    s.link->held_by(link::Approach::Hold::none);
    CHECK(s.connect().has_value());
}

TEST_CASE("a shell loop against an sshd that says nothing makes three connections in ten minutes, not twenty") {
    Scenario s;
    sim::Fault::sshd_freeze(0s, 24h).plan(s.host);
    s.world.run_for(1ms);
    for (int i = 0; i < 20; ++i) {
        CHECK(s.connect().error().code() == (i < 3 ? Code::timed_out : Code::held));
        s.close();
        s.link = s.make_link();  // the next `vmc exec`
    }
    CHECK(s.world.now().time_since_epoch() < 10min);
    s.link->held_by(link::Approach::Hold::none);
    CHECK(s.connect().error().code() == Code::timed_out);
}

TEST_CASE("an attempt that is cancelled in the middle of a login counts as one that was left") {
    Scenario s;
    sim::Fault::sshd_freeze(0s, 24h).plan(s.host);
    s.world.run_for(1ms);
    for (int i = 0; i < 3; ++i) {
        auto connecting = s.world.start(s.link->connect());
        s.world.run_for(2s);
        s.world.run(s.link->close());
        s.world.run_until([&] { return connecting.done(); }, 1s);
        REQUIRE(connecting.done());
        s.link = s.make_link();
    }
    CHECK(s.connect().error().code() == Code::held);
}

TEST_CASE("links of one process to the same VM hold two handshakes at a time") {
    Scenario s;
    sim::Fault::sshd_freeze(0s, 3s).plan(s.host);
    s.world.run_for(1ms);
    std::vector<std::unique_ptr<link::Link>> links;
    int online = 0;
    const auto reach = [&](link::Link& link) -> Async<void> {
        const auto up = co_await link.connect();
        online += up.has_value();
    };
    for (int i = 0; i < 6; ++i) s.world.spawn(reach(*links.emplace_back(s.make_link())));
    s.world.run_for(2s);
    CHECK(s.doors.inside("web-1 22") == 2);
    CHECK(s.host.sshd().accepted == 2);
    s.world.run_for(10s);
    CHECK(online == 6);
    for (auto& link : links) s.world.run(link->close());
}

TEST_CASE("a machine that says it is booting up is waited for, and counts as no denial") {
    Scenario s;
    REQUIRE(s.online());
    sim::Fault::booting_message(0s, 60s).plan(s.host);
    sim::Fault::rst(1s).plan(s.host);
    s.world.run_for(60s);
    CHECK_FALSE(s.is_online());
    REQUIRE(s.online(10min));
    CHECK(s.host.sshd().denials == 0);
}

TEST_CASE("a full state directory does not keep anybody out") {
    Scenario s;
    s.world.store().writable = false;
    CHECK(s.online());
    CHECK(s.finish(Command("echo in")).out() == "in\n");
}

}  // namespace vmc::test
