// SPDX-License-Identifier: Apache-2.0
// One simulated connection keeps the promises of port/transport.hpp.
#include <doctest/doctest.h>

#include "by_hand.hpp"

namespace vmc::test {

using namespace std::chrono_literals;

TEST_CASE("a connection tells its stages, and a command its output and status") {
    Hand hand;
    hand.host.path.latency = 20ms;
    auto session = hand.connect();
    REQUIRE(session.has_value());
    const auto& facts = (*session)->facts();
    CHECK(facts.stages.size() == 6);
    CHECK(facts.stages[1].first == Stage::tcp);
    CHECK(facts.stages[1].second / 1ms == 40);
    CHECK(facts.host_key == hand.host.host_key());
    CHECK(facts.host_key_was_new);
    CHECK(facts.key_used == "key");
    const auto heard = hand.run(**session, "echo hello; echo oops >&2; exit 3");
    CHECK(heard.out == "hello\n");
    CHECK(heard.err == "oops\n");
    CHECK(heard.code == 3);
    CHECK(heard.closed);
    CHECK(hand.run(**session, "cat /proc/sys/kernel/random/boot_id").out == hand.host.boot_id() + "\n");
    CHECK(hand.run(**session, "no-such-thing").code == 127);
    CHECK(hand.host.ledger().size() == 3);
}

TEST_CASE("a frozen kernel acknowledges nothing, frozen programs acknowledge and do not answer") {
    for (const bool kernel : {true, false}) {
        Hand hand;
        auto session = hand.connect();
        REQUIRE(session.has_value());
        (kernel ? sim::Fault::pause(0s, 20s) : sim::Fault::freeze(0s, 20s)).plan(hand.host);
        hand.world.run_for(1s);
        const auto before = (*session)->bytes_received();
        (*session)->send_keepalive();
        hand.world.run_for(4s);
        CHECK((*session)->bytes_received() == before);
        CHECK(((*session)->tcp()->unacked > 0) == kernel);
        CHECK(((*session)->tcp()->retransmits > 0) == kernel);
        hand.world.run_for(1min);
        CHECK((*session)->bytes_received() > before);
        CHECK((*session)->tcp()->unacked == 0);
    }
}

TEST_CASE("a slow reader pauses the session, and loses no byte") {
    Hand hand;
    auto session = hand.connect();
    REQUIRE(session.has_value());
    auto channel = hand.world.run((*session)->exec("stream 8000000; exit 4", std::nullopt, never));
    REQUIRE(channel.has_value());
    hand.world.run_for(30s);
    CHECK((*session)->paused());
    CHECK((*channel)->waiting() >= 1024 * 1024);
    CHECK((*channel)->waiting() < 1200 * 1024);
    (*session)->send_keepalive();
    const auto before = (*session)->bytes_received();
    hand.world.run_for(10s);
    CHECK((*session)->bytes_received() == before);
    const auto heard = hand.world.run(listen(**channel));
    CHECK(heard.out == sim::stream_bytes(0, 8'000'000));
    CHECK(heard.code == 4);
    CHECK_FALSE((*session)->paused());
}

TEST_CASE("input arrives whole, with back-pressure from a program that reads") {
    Hand hand;
    auto session = hand.connect();
    auto channel = hand.world.run((*session)->exec("cat", std::nullopt, never));
    REQUIRE(channel.has_value());
    const std::string bytes = sim::stream_bytes(0, 5'000'000);
    auto written = hand.world.start((*channel)->write(bytes));
    auto heard = hand.world.start(listen(**channel));
    REQUIRE(hand.world.run_until([&] { return written.done(); }, 1h));
    CHECK(hand.world.run((*channel)->send_eof()).has_value());
    REQUIRE(hand.world.run_until([&] { return heard.done(); }, 1h));
    CHECK(heard.value().out == bytes);
    CHECK(heard.value().code == 0);
}

TEST_CASE("a cut after some bytes and an injected RST end or break the connection where they are") {
    Hand hand;
    auto session = hand.connect();
    auto answer = hand.world.start(run_line(**session, "stream 1000000"));
    sim::Fault::cut_after_bytes(0s, 300'000, 5s).plan(hand.host);
    sim::Fault::rst(30s).plan(hand.host);
    auto hanging = hand.world.start(run_line(**session, "sleep 1000"));
    hand.world.run_for(20s);
    REQUIRE(answer.done());
    CHECK(answer.value()->out == sim::stream_bytes(0, 1'000'000));
    CHECK(hand.host.path.dropped() > 0);
    hand.world.run_for(11s);
    REQUIRE(hanging.done());
    CHECK(hanging.value()->lost->message() == "Connection reset by peer");
    CHECK(hand.host.running() == 1);  // sshd does not kill what it served
}

}  // namespace vmc::test
