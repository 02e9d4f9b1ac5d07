// SPDX-License-Identifier: Apache-2.0
// How a link comes back.
#include <doctest/doctest.h>

#include "scenario.hpp"

namespace vmc::test {

using namespace std::chrono_literals;

TEST_CASE("a link whose connection is reset is back within half a second") {
    Scenario s;
    REQUIRE(s.online());
    s.host.reset_connections();
    REQUIRE(s.world.run_until([&] { return !s.is_online(); }, 1s));
    const Instant lost = s.world.now();
    REQUIRE(s.online());
    CHECK(s.world.now() - lost < 500ms);
    CHECK(s.finish(Command("echo hi")).out() == "hi\n");
}

TEST_CASE("a port that refuses is asked again every half second at most, and the link is back within one of them") {
    Scenario s;
    REQUIRE(s.online());
    sim::Fault::sshd_stop(0s, 60s).plan(s.host);
    sim::Fault::rst(1ms).plan(s.host);
    s.world.run_for(60s);
    CHECK_FALSE(s.is_online());
    CHECK(s.world.transport().attempts >= 60);
    CHECK(s.world.transport().attempts <= 600);
    REQUIRE(s.online(1s));
    CHECK(s.host.sshd().abandoned == 0);
}

TEST_CASE("attempts into silence are paced, and the link is back within 21 seconds of the heal") {
    Scenario s;
    REQUIRE(s.online());
    sim::Fault::drop_new(0s, 10min).plan(s.host);
    sim::Fault::rst(1ms).plan(s.host);
    s.world.run_for(10min);
    CHECK_FALSE(s.is_online());
    CHECK(s.world.transport().attempts > 30);
    CHECK(s.world.transport().attempts < 70);
    REQUIRE(s.online(21s));
}

TEST_CASE("a throttled sshd is left alone for five seconds at a time and never given up") {
    Scenario s;
    REQUIRE(s.online());
    sim::Fault::throttle(0s, 90s).plan(s.host);
    sim::Fault::rst(1ms).plan(s.host);
    s.world.run_for(90s);
    CHECK(s.world.transport().attempts <= 20);
    REQUIRE(s.online(10min));
}

TEST_CASE("two hundred drops leave no task, no sleeper and no session behind") {
    Scenario s;
    REQUIRE(s.online());
    s.world.run_for(10s);
    const auto tasks = s.link->tasks();
    const auto sleepers = s.world.clock().sleepers();
    for (int i = 0; i < 200; ++i) {
        s.host.reset_connections();
        s.world.run_until([&] { return !s.is_online(); }, 1s);
        REQUIRE(s.online(1min));
        CHECK(s.finish(Command("echo " + std::to_string(i))).outcome->ok());
    }
    s.world.run_for(10s);
    CHECK(s.link->tasks() == tasks);
    CHECK(s.world.clock().sleepers() == sleepers);
    CHECK(s.link->wires() == 1);
    CHECK(s.host.sshd().sessions() == 1);
    CHECK(s.host.sshd().abandoned == 0);
    s.close();
    CHECK(s.world.tasks() == 0);
    CHECK(s.world.clock().sleepers() == 0);
}

TEST_CASE("a connection that was accepted and stays silent is waited for, not replaced") {
    Scenario s;
    REQUIRE(s.online());
    sim::Fault::sshd_freeze(0s, 100s).plan(s.host);
    sim::Fault::rst(1ms).plan(s.host);
    s.world.run_for(50ms);
    const auto accepted = s.host.sshd().accepted;
    s.world.run_for(99s);
    CHECK(s.host.sshd().accepted <= accepted + 1);
    CHECK(s.host.sshd().abandoned == 0);
    REQUIRE(s.online(3s));
    CHECK(s.host.sshd().accepted <= accepted + 1);
}

TEST_CASE("a silent sshd is not asked more than four times in ten minutes") {
    Scenario s;
    REQUIRE(s.online());
    sim::Fault::sshd_freeze(0s, 60min).plan(s.host);
    sim::Fault::rst(1ms).plan(s.host);
    std::size_t before = 0;
    for (int i = 0; i < 6; ++i) {
        s.world.run_for(10min);
        CHECK(s.host.sshd().abandoned - before <= 5);
        before = s.host.sshd().abandoned;
    }
    REQUIRE(s.online(12min));
}

}  // namespace vmc::test
