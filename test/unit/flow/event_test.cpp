// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "flow/event.hpp"
#include "flow/task_scope.hpp"
#include "loop.hpp"

namespace vmc::test {

namespace {

Async<void> wait_for(flow::Event& event, const bool& condition, int& woken) {
    while (!condition) {
        co_await event.wait();
        ++woken;
    }
}

Async<void> wait_and_tell(flow::Event& event, bool& returned) {
    co_await event.wait();
    returned = true;
}

}  // namespace

TEST_CASE("notify wakes everybody who waits now") {
    Loop loop;
    flow::TaskScope tasks(loop.io.get_executor());
    flow::Event event(loop.io.get_executor());
    bool condition = false;
    int woken = 0;
    for (int i = 0; i < 3; ++i) tasks.spawn(wait_for(event, condition, woken));
    loop.settle();
    condition = true;
    event.notify();
    loop.settle();
    CHECK(woken == 3);
    CHECK(tasks.running() == 0);
}

TEST_CASE("an event remembers nothing") {
    Loop loop;
    flow::TaskScope tasks(loop.io.get_executor());
    flow::Event event(loop.io.get_executor());
    bool returned = false;
    event.notify();
    tasks.spawn(wait_and_tell(event, returned));
    loop.settle();
    CHECK_FALSE(returned);
    event.notify();
    loop.settle();
    CHECK(returned);
}

TEST_CASE("a cancelled waiter unwinds, even when it is notified in the same moment") {
    for (const bool notified : {false, true}) {
        Loop loop;
        flow::TaskScope tasks(loop.io.get_executor());
        flow::Event event(loop.io.get_executor());
        bool returned = false;
        tasks.spawn(wait_and_tell(event, returned));
        loop.settle();
        if (notified) event.notify();
        tasks.stop();
        loop.settle();
        CHECK_FALSE(returned);
        CHECK(tasks.running() == 0);
    }
}

}  // namespace vmc::test
