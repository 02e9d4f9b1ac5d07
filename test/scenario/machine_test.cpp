// SPDX-License-Identifier: Apache-2.0
// Machines of the simulated world behave as sshd and the kernel do.
#include <doctest/doctest.h>

#include "by_hand.hpp"
#include "sim/sshd.hpp"

namespace vmc::test {

using namespace std::chrono_literals;

TEST_CASE("while a machine boots its port first is silent, then refuses, then serves") {
    Hand hand;
    sim::Fault::reboot(0s, 20s).plan(hand.host);
    hand.world.run_for(1s);
    CHECK(hand.connect(2s).error().code() == Code::timed_out);
    hand.world.run_for(17500ms);
    CHECK(hand.connect(2s).error().code() == Code::refused);
    hand.world.run_for(3s);
    CHECK(hand.connect(2s).has_value());
}

TEST_CASE("each state of sshd looks as it does in life") {
    Hand hand;
    auto old_session = hand.connect();
    REQUIRE(old_session.has_value());
    auto meet = [&](const sim::Fault& fault) {
        fault.plan(hand.host);
        hand.world.run_for(10ms);
        auto met = hand.connect(2s);
        hand.world.run_for(1min);
        return met ? Error(Code::bad_request, Stage::none, "connected") : met.error();
    };
    CHECK(meet(sim::Fault::sshd_stop(0s, 5s)).code() == Code::refused);
    const Error frozen = meet(sim::Fault::sshd_freeze(0s, 5s));
    CHECK(frozen.code() == Code::timed_out);
    CHECK(frozen.stage() == Stage::banner);
    const Error throttled = meet(sim::Fault::throttle(0s, 5s));
    CHECK(throttled.code() == Code::throttled);
    CHECK(throttled.peer_words() == "Exceeded MaxStartups\r\n");
    const Error booting = meet(sim::Fault::booting_message(0s, 5s));
    CHECK(booting.code() == Code::booting);
    CHECK(booting.peer_words().find("System is booting up") != std::string::npos);
    CHECK(meet(sim::Fault::deny(0s, 5s)).code() == Code::auth_denied);
    CHECK(meet(sim::Fault::reject_new(0s, 5s)).code() == Code::unreachable);
    const Error swallowed = meet(sim::Fault::drop_new(0s, 5s));
    CHECK(swallowed.code() == Code::timed_out);
    CHECK(swallowed.stage() == Stage::tcp);
    CHECK(meet(sim::Fault::pause(0s, 5s)).stage() == Stage::tcp);
    CHECK(meet(sim::Fault::freeze(0s, 5s)).stage() == Stage::banner);
    CHECK(meet(sim::Fault::new_host_key(0s)).code() == Code::host_key_changed);
    CHECK(hand.run(**old_session, "echo still here").out == "still here\n");
}

TEST_CASE("MaxSessions counts a command whose channel was closed until it has ended") {
    Hand hand;
    hand.host.max_sessions = 1;
    auto session = hand.connect();
    auto channel = hand.world.run((*session)->exec("sleep 30", std::nullopt, never));
    REQUIRE(channel.has_value());
    const auto refused = hand.world.run(run_line(**session, "echo x"));
    CHECK(refused.error().code() == Code::channel_refused);
    CHECK(refused.error().stage() == Stage::channel);
    channel->reset();
    hand.world.run_for(5s);
    CHECK_FALSE(hand.world.run(run_line(**session, "echo x")).has_value());
    hand.world.run_for(30s);
    CHECK(hand.run(**session, "echo x").out == "x\n");
}

TEST_CASE("signals end a command that does not ignore them, but not for root") {
    Hand hand;
    auto session = hand.connect();
    auto start = [&](const char* line) { return hand.world.run((*session)->exec(line, std::nullopt, never)).value(); };
    auto plain = start("sleep 100");
    plain->send_signal("TERM");
    CHECK(hand.world.run(listen(*plain)).signal == "TERM");
    auto stubborn = start("trap '' TERM; sleep 20");
    stubborn->send_signal("TERM");
    CHECK(hand.world.run(listen(*stubborn)).code == 0);
    hand.target.user("root");
    auto as_root = hand.connect();
    auto roots = hand.world.run((*as_root)->exec("sleep 20", std::nullopt, never)).value();
    roots->send_signal("TERM");
    CHECK(hand.world.run(listen(*roots)).code == 0);
    CHECK(hand.run(**session, "kill -SEGV $$").signal == "SEGV");
}

TEST_CASE("a child that keeps the output open delays the close, not the status") {
    Hand hand;
    auto session = hand.connect();
    auto channel = hand.world.run((*session)->exec("sleep 30 & echo hi", std::nullopt, never));
    REQUIRE(channel.has_value());
    auto heard = hand.world.start(listen(**channel));
    hand.world.run_for(1s);
    CHECK_FALSE(heard.done());
    REQUIRE(hand.world.run_until([&] { return heard.done(); }, 1min));
    CHECK(heard.value().code == 0);
    CHECK(hand.world.now() >= Instant(30s));
}

TEST_CASE("probes see what the network shows") {
    Hand hand;
    auto& world = hand.world;
    const std::string address = hand.host.address();
    auto knock = [&](std::uint16_t port) {
        return world.run(world.prober().knock(address, port, world.in(5s))).answer;
    };
    auto ping = [&] { return world.run(world.prober().ping(address, world.in(2s))).answer; };
    CHECK(world.run(world.prober().resolve("web-1", world.in(1s))).value().front() == address);
    CHECK(knock(22) == port::PortAnswer::open);
    CHECK(knock(9) == port::PortAnswer::refused);
    CHECK(ping() == Answer::works);
    hand.host.power_off();
    CHECK(knock(22) == port::PortAnswer::silent);
    CHECK(ping() == Answer::fails);
    hand.host.path.local = true;
    CHECK(knock(22) == port::PortAnswer::no_neighbour);
    world.prober().may_ping = false;
    CHECK(ping() == Answer::unknown);
}

TEST_CASE(
    "sshd counts those who come and go without logging in, but who resets at once has no address; a knock is none") {
    Hand hand;
    auto& world = hand.world;
    for (int i = 0; i < 3; ++i)
        CHECK(world.run(world.prober().knock(hand.host.address(), 22, world.in(5s))).answer == port::PortAnswer::open);
    world.run_for(1s);
    CHECK(hand.host.sshd().accepted == 0);
    for (int i = 0; i < 3; ++i) {
        const auto tcp = world.network().connection(hand.host.address(), 22);
        tcp->dial();
        for (int step = 0; step < 100'000 && !tcp->client.open(); ++step) world.run_for(100us);
        tcp->client.abort();
    }
    world.run_for(1s);
    CHECK(hand.host.sshd().accepted == 3);
    CHECK(hand.host.sshd().abandoned == 0);
    for (int i = 0; i < 3; ++i) {
        const auto tcp = world.network().connection(hand.host.address(), 22);
        tcp->dial();
        world.run_for(10ms);
        if (i == 0) tcp->client.abort();
        else tcp->client.finish();
        world.run_for(10ms);
    }
    CHECK(hand.host.sshd().abandoned == 3);
    auto session = hand.connect();
    world.run((*session)->close(world.in(1s)));
    CHECK(hand.host.sshd().abandoned == 3);
    CHECK(hand.host.sshd().logins == 1);
    CHECK(hand.host.sshd().sessions() == 0);
}

TEST_CASE("a connection that sshd left waiting is served when it thaws") {
    Hand hand;
    sim::Fault::sshd_freeze(0s, 10s).plan(hand.host);
    hand.world.run_for(1ms);
    CHECK(hand.connect(60s).has_value());
    CHECK(hand.world.now() < Instant(11s));
    CHECK(hand.host.sshd().accepted == 1);
}

}  // namespace vmc::test
