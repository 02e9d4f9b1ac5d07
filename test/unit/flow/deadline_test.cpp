// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>

#include "flow/deadline.hpp"
#include "flow/event.hpp"
#include "flow/task_scope.hpp"
#include "loop.hpp"

namespace vmc::test {

using namespace std::chrono_literals;

namespace {

const Error late(Code::timed_out, Stage::banner, "too late");

/// Counts how many of these are alive: a frame that was not unwound keeps its own.
class Guard {
public:
    explicit Guard(int& alive) : alive_(alive) { ++alive_; }
    Guard(const Guard&) = delete;
    ~Guard() { --alive_; }

private:
    int& alive_;
};

Async<Result<int>> answer_after(port::Clock& clock, Instant when, int answer, int& alive) {
    Guard guard(alive);
    co_await clock.sleep_until(when);
    co_return answer;
}

Async<Result<int>> fail_after(port::Clock& clock, Instant when) {
    co_await clock.sleep_until(when);
    co_return failed(Code::refused, Stage::tcp, "no");
}

Async<void> limited(port::Clock& clock, Instant deadline, Async<Result<int>> op, std::optional<Result<int>>& into) {
    into = co_await flow::with_deadline(clock, deadline, late, std::move(op));
}

/// Takes from a box only when something is in it: what it took must not disappear.
Async<int> take(flow::Event& filled, std::optional<int>& box) {
    while (!box) co_await filled.wait();
    co_return *std::exchange(box, std::nullopt);
}

Async<Result<int>> take_patiently(port::Clock& clock, Instant deadline, flow::Event& filled, std::optional<int>& box) {
    auto taken = co_await flow::until(clock, deadline, take(filled, box));
    if (!taken) co_return std::unexpected(late);
    co_return *taken;
}

Async<void> wait_twice_limited(port::Clock& clock, Instant deadline, int& alive, bool& went_on) {
    Guard guard(alive);
    auto result = co_await flow::with_deadline(clock, deadline, late, answer_after(clock, deadline, 1, alive));
    (void)result;
    went_on = true;
}

}  // namespace

TEST_CASE("an answer before the deadline is the result") {
    Loop loop;
    flow::TaskScope tasks(loop.io.get_executor());
    int alive = 0;
    std::optional<Result<int>> result;
    tasks.spawn(limited(loop.clock, loop.in(10s), answer_after(loop.clock, loop.in(3s), 42, alive), result));
    loop.pass(3s);
    REQUIRE(result.has_value());
    CHECK(result->value() == 42);
    CHECK(loop.clock.sleepers() == 0);
    CHECK(tasks.running() == 0);
}

TEST_CASE("after the deadline the result is the late error, and the loser has been unwound") {
    Loop loop;
    flow::TaskScope tasks(loop.io.get_executor());
    int alive = 0;
    std::optional<Result<int>> result;
    tasks.spawn(limited(loop.clock, loop.in(2s), answer_after(loop.clock, loop.in(30s), 42, alive), result));
    loop.pass(1s);
    CHECK(alive == 1);
    CHECK_FALSE(result.has_value());
    loop.pass(1s);
    REQUIRE(result.has_value());
    REQUIRE_FALSE(result->has_value());
    CHECK(result->error().code() == Code::timed_out);
    CHECK(result->error().stage() == Stage::banner);
    CHECK(alive == 0);
    CHECK(loop.clock.sleepers() == 0);
}

TEST_CASE("a failure does not wait for the deadline") {
    Loop loop;
    flow::TaskScope tasks(loop.io.get_executor());
    std::optional<Result<int>> result;
    tasks.spawn(limited(loop.clock, loop.in(10s), fail_after(loop.clock, loop.in(5ms)), result));
    loop.pass(5ms);
    REQUIRE(result.has_value());
    CHECK(result->error().code() == Code::refused);
}

TEST_CASE("without a deadline only the operation ends the wait") {
    Loop loop;
    flow::TaskScope tasks(loop.io.get_executor());
    int alive = 0;
    std::optional<Result<int>> result;
    tasks.spawn(
        limited(loop.clock, never, answer_after(loop.clock, loop.in(std::chrono::hours(100)), 7, alive), result));
    loop.pass(std::chrono::hours(100));
    REQUIRE(result.has_value());
    CHECK(result->value() == 7);
}

TEST_CASE("cancelling a limited wait unwinds both sides and nothing goes on") {
    Loop loop;
    flow::TaskScope tasks(loop.io.get_executor());
    int alive = 0;
    bool went_on = false;
    tasks.spawn(wait_twice_limited(loop.clock, loop.in(10s), alive, went_on));
    loop.pass(1s);
    CHECK(alive == 2);
    tasks.stop();
    loop.settle();
    CHECK(tasks.running() == 0);
    CHECK(alive == 0);
    CHECK_FALSE(went_on);
    CHECK(loop.clock.sleepers() == 0);
}

TEST_CASE("what an operation took in the moment of its deadline is not lost") {
    for (const bool fill_first : {true, false}) {
        for (const auto outer_limit : {1s, 2s}) {
            Loop loop;
            flow::TaskScope tasks(loop.io.get_executor());
            flow::Event filled(loop.io.get_executor());
            std::optional<int> box;
            std::optional<Result<int>> result;
            auto fill = [&] {
                box = 5;
                filled.notify();
            };
            if (fill_first) loop.agenda.at(loop.in(1s), fill);
            tasks.spawn(limited(loop.clock, loop.in(outer_limit), take_patiently(loop.clock, loop.in(1s), filled, box),
                                result));
            loop.settle();
            if (!fill_first) loop.agenda.at(loop.in(1s), fill);
            while (!loop.agenda.empty() && loop.agenda.next() <= loop.in(1s)) loop.agenda.step();  // all at once
            loop.pass(3s);
            REQUIRE(result.has_value());
            const bool kept = box.has_value() || (result->has_value() && result->value() == 5);
            CHECK(kept);
        }
    }
}

}  // namespace vmc::test
