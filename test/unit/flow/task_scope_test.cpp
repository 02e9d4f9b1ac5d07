// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <memory>

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "flow/task_scope.hpp"
#include "loop.hpp"

namespace vmc::test {

using namespace std::chrono_literals;

namespace {

Async<void> sleep_holding(port::Clock& clock, Instant when, std::shared_ptr<int> token) {
    co_await clock.sleep_until(when);
    token.reset();
}

Async<void> either_of_two(port::Clock& clock, Instant when, std::shared_ptr<int> token) {
    using namespace boost::asio::experimental::awaitable_operators;
    auto either = clock.sleep_until(when) || clock.sleep_until(never);
    co_await std::move(either);
    token.reset();
}

/// Cancels itself before it was ever suspended.
Async<void> stop_my_scope(flow::TaskScope& scope, port::Clock& clock, bool& went_on) {
    scope.stop();
    co_await clock.sleep_until(never);
    went_on = true;
}

Async<void> join_and_tell(flow::TaskScope& scope, bool& joined) {
    co_await scope.join();
    joined = true;
}

}  // namespace

TEST_CASE("join returns when the last task has ended") {
    Loop loop;
    flow::TaskScope outer(loop.io.get_executor());
    flow::TaskScope inner(loop.io.get_executor());
    auto token = std::make_shared<int>();
    for (const auto span : {1s, 2s, 3s}) inner.spawn(sleep_holding(loop.clock, loop.in(span), token));
    bool joined = false;
    outer.spawn(join_and_tell(inner, joined));
    loop.pass(2s);
    CHECK_FALSE(joined);
    CHECK(inner.running() == 1);
    loop.pass(1s);
    CHECK(joined);
    CHECK(token.use_count() == 1);
}

TEST_CASE("stop unwinds every task, whatever it waits for") {
    Loop loop;
    flow::TaskScope tasks(loop.io.get_executor());
    auto token = std::make_shared<int>();
    tasks.spawn(sleep_holding(loop.clock, loop.in(10s), token));
    tasks.spawn(sleep_holding(loop.clock, never, token));
    tasks.spawn(either_of_two(loop.clock, loop.in(10s), token));
    loop.settle();
    CHECK(tasks.running() == 3);
    tasks.stop();
    loop.settle();
    CHECK(tasks.running() == 0);
    CHECK(token.use_count() == 1);
    CHECK(loop.clock.sleepers() == 0);
}

TEST_CASE("a scope that has been stopped takes new tasks") {
    Loop loop;
    flow::TaskScope tasks(loop.io.get_executor());
    auto token = std::make_shared<int>();
    tasks.spawn(sleep_holding(loop.clock, never, token));
    tasks.stop();
    loop.settle();
    tasks.spawn(sleep_holding(loop.clock, loop.in(1s), token));
    loop.settle();
    CHECK(tasks.running() == 1);
    loop.pass(1s);
    CHECK(tasks.running() == 0);
}

TEST_CASE("a task that was stopped before it began never begins") {
    Loop loop;
    flow::TaskScope tasks(loop.io.get_executor());
    bool went_on = false;
    tasks.spawn(stop_my_scope(tasks, loop.clock, went_on));
    tasks.stop();
    CHECK(tasks.running() == 1);
    loop.settle();
    CHECK(tasks.running() == 0);
    CHECK_FALSE(went_on);
}

TEST_CASE("a task may stop its own scope") {
    Loop loop;
    flow::TaskScope tasks(loop.io.get_executor());
    bool went_on = false;
    tasks.spawn(stop_my_scope(tasks, loop.clock, went_on));
    loop.settle();
    CHECK(tasks.running() == 0);
    CHECK_FALSE(went_on);
}

TEST_CASE("a scope destroyed on a loop that was stopped for good leaks nothing") {
    auto token = std::make_shared<int>();
    {
        Loop loop;
        flow::TaskScope tasks(loop.io.get_executor());
        tasks.spawn(sleep_holding(loop.clock, loop.in(10s), token));
        tasks.spawn(either_of_two(loop.clock, loop.in(10s), token));
        loop.settle();
        CHECK(token.use_count() == 3);
    }
    CHECK(token.use_count() == 1);
}

}  // namespace vmc::test
