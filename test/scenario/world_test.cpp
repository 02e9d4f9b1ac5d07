// SPDX-License-Identifier: Apache-2.0
// The world itself: if it lies, every other scenario does.
#include <doctest/doctest.h>

#include "by_hand.hpp"

namespace vmc::test {

using namespace std::chrono_literals;

namespace {

Async<void> wait_for(flow::Event& event) { co_await event.wait(); }
Async<void> sleep_and_append(sim::World& world, Instant when, std::string name, std::string& order) {
    co_await world.clock().sleep_until(when);
    order += name;
}
Async<void> keep_trying(sim::World& world, Target target, int& connected) {
    for (;;) {
        auto session = co_await world.transport().connect(target, world.in(10s));
        if (session) {
            ++connected;
            world.story().tell("test", "connected");
            const Error why = co_await (*session)->ended();
            world.story().tell("test", why.line());
        }
        co_await world.clock().sleep_until(world.in(std::chrono::milliseconds(sim::pick(world.random(), 1000))));
    }
}

std::pair<std::uint64_t, std::string> an_hour_with_faults(std::uint64_t seed) {
    sim::World world(seed);
    auto& host = world.host("web-1");
    sim::plan(sim::random_faults(world.random(), 12, 50min), host);
    int connected = 0;
    Target target("web-1");
    target.user("alice").key("key");
    world.spawn(keep_trying(world, target, connected));
    world.run_for(1h);
    CHECK(connected > 0);
    return {world.story().hash(), world.story().text()};
}

}  // namespace

TEST_CASE("one seed tells one story, another seed another") {
    const auto [first, text] = an_hour_with_faults(7);
    const auto [again, same_text] = an_hour_with_faults(7);
    CHECK(text == same_text);
    CHECK(first == again);
    CHECK(an_hour_with_faults(8).first != first);
}

TEST_CASE("a deadlock is reported, not waited for") {
    sim::World world;
    flow::Event never_notified(world.executor());
    world.spawn(wait_for(never_notified));
    CHECK_FALSE(world.run_until([] { return false; }));
    CHECK(world.stuck());
    CHECK(world.story().contains("nothing can happen any more"));
    CHECK_THROWS_AS(world.run(wait_for(never_notified)), sim::Stuck);
    world.stop_tasks();
    CHECK(world.tasks() == 0);
}

TEST_CASE("time moves only when nobody can run, and ties wake in the order they fell asleep") {
    sim::World world;
    std::string order;
    world.spawn(sleep_and_append(world, world.in(2s), "c", order));
    world.spawn(sleep_and_append(world, world.in(1s), "a", order));
    world.spawn(sleep_and_append(world, world.in(1s), "b", order));
    CHECK_FALSE(world.run_until([&] { return order == "abc"; }, 1500ms));
    CHECK_FALSE(world.stuck());
    CHECK(order == "ab");
    CHECK(world.now() == Instant(1500ms));
    CHECK(world.run_until([&] { return order == "abc"; }, 1h));
    CHECK(world.now() == Instant(2s));
}

TEST_CASE("the wall clock can be stepped without monotonic time noticing") {
    sim::World world;
    const WallTime before = world.clock().wall_now();
    world.clock().step_wall(-1h);
    CHECK(world.clock().wall_now() == before - 1h);
    CHECK(world.now() == Instant{});
}

TEST_CASE("a request queued in a black hole is delivered after it heals, unless the socket is aborted") {
    for (const bool aborted : {false, true}) {
        Hand hand;
        auto session = hand.connect();
        REQUIRE(session.has_value());
        sim::Fault::drop_both(1s, 60s).plan(hand.host);
        hand.world.run_for(2s);
        bool sent = false;
        // The channel is opened, then the way is cut: what remains is the exec request itself.
        auto answer = hand.world.start(run_line(**session, "echo late", hand.world.in(5min), &sent));
        hand.world.run_for(10s);
        CHECK((*session)->has_undelivered());
        CHECK((*session)->tcp()->unacked > 0);
        CHECK((*session)->tcp()->retransmits > 3);
        if (aborted) (*session)->abort();
        CHECK((*session)->has_undelivered() == !aborted);
        hand.world.run_for(3min);
        CHECK(hand.host.times_ran("echo late") == (aborted ? 0 : 1));
        REQUIRE(answer.done());
        CHECK(answer.value().has_value() == !aborted);
        CHECK(sent == !aborted);
    }
}

TEST_CASE("an exec request that is on its way when the socket is aborted may still arrive") {
    Hand hand;
    hand.host.path.latency = 50ms;
    auto session = hand.connect();
    REQUIRE(session.has_value());
    bool sent = false;
    auto answer = hand.world.start(run_line(**session, "echo on its way", never, &sent));
    REQUIRE(hand.world.run_until([&] { return sent; }));
    (*session)->abort();
    hand.world.run_for(1min);
    CHECK(hand.host.times_ran("echo on its way") == 1);
    CHECK(answer.value().error().stage() == Stage::request);
}

TEST_CASE("a request that frozen programs have not read yet runs when they thaw, whatever became of the socket") {
    // As on Linux: an RST does not take back what the receiving kernel has acknowledged.
    Hand hand;
    auto session = hand.connect();
    REQUIRE(session.has_value());
    bool sent = false;
    auto answer = hand.world.start(run_line(**session, "echo thawed", never, &sent));
    REQUIRE(hand.world.run_until([&] { return sent; }));
    sim::Fault::freeze(0s, 60s).plan(hand.host);
    hand.world.run_for(10s);
    CHECK_FALSE((*session)->has_undelivered());
    (*session)->abort();
    hand.world.run_for(10s);
    CHECK(hand.host.times_ran("echo thawed") == 0);
    hand.world.run_for(1min);
    CHECK(hand.host.times_ran("echo thawed") == 1);
}

TEST_CASE("a suspect connection goes on after a cut of 30 seconds as if nothing had been") {
    Hand hand;
    auto session = hand.connect();
    REQUIRE(session.has_value());
    auto answer = hand.world.start(run_line(**session, "stream 2000000 100000; exit 7"));
    sim::Fault::drop_both(5s, 30s).plan(hand.host);
    REQUIRE(hand.world.run_until([&] { return answer.done(); }, 10min));
    REQUIRE(answer.value().has_value());
    CHECK(answer.value()->out == sim::stream_bytes(0, 2'000'000));
    CHECK(answer.value()->code == 7);
}

TEST_CASE("a rebooted machine resets its old connections when it is spoken to") {
    Hand hand;
    auto session = hand.connect();
    REQUIRE(session.has_value());
    const std::string old_boot = hand.host.boot_id();
    auto answer = hand.world.start(run_line(**session, "sleep 1000"));
    hand.world.run_for(1s);
    CHECK(hand.host.running() == 1);
    sim::Fault::reboot(0s, 20s).plan(hand.host);
    hand.world.run_for(5s);
    CHECK((*session)->alive());  // silence proves nothing
    CHECK(hand.host.running() == 0);
    (*session)->send_keepalive();
    REQUIRE(hand.world.run_until([&] { return !(*session)->alive(); }, 2min));
    CHECK(hand.world.now() > Instant(20s));
    CHECK(answer.value()->lost->code() == Code::lost);
    CHECK(hand.host.boot_id() != old_boot);
    CHECK(hand.host.boots() == 2);
}

TEST_CASE("closing in order leaves nothing behind") {
    Hand hand;
    auto session = hand.connect();
    CHECK(hand.run(**session, "echo a").code == 0);
    hand.world.run((*session)->close(hand.world.in(1s)));
    CHECK_FALSE((*session)->alive());
    CHECK(hand.world.run((*session)->ended()).code() == Code::cancelled);
    session->reset();
    hand.world.run_for(1min);
    CHECK(hand.world.tasks() == 0);
    CHECK(hand.world.clock().sleepers() == 0);
    CHECK_FALSE(hand.world.run_until([] { return false; }));
    CHECK(hand.world.stuck());
}

}  // namespace vmc::test
