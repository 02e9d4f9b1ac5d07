// SPDX-License-Identifier: Apache-2.0
#include "link/doors.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "flow/deadline.hpp"
#include "flow/task_scope.hpp"
#include "unit/flow/loop.hpp"

using namespace std::chrono_literals;

namespace vmc::test {

namespace {

struct Street {
    Loop loop;
    link::Doors doors{loop.io.get_executor()};
    flow::TaskScope tasks{loop.io.get_executor()};
    std::vector<int> entered;
    std::size_t most = 0;

    Async<void> visit(int who, std::string door, Duration stays) {
        const auto pass = co_await doors.enter(door, 2);
        entered.push_back(who);
        most = std::max(most, doors.inside(door));
        co_await loop.clock.sleep_until(loop.in(stays));
    }
};

}  // namespace

TEST_CASE("of a hundred visitors two are inside at a time, in the order they came") {
    Street street;
    for (int i = 0; i < 100; ++i) street.tasks.spawn(street.visit(i, "web-1 22", 1s));
    street.loop.pass(1min);
    CHECK(street.entered.size() == 100);
    CHECK(std::ranges::is_sorted(street.entered));
    CHECK(street.most == 2);
    CHECK(street.doors.inside("web-1 22") == 0);
    CHECK(street.tasks.running() == 0);
}

TEST_CASE("one door does not keep anybody waiting at another") {
    Street street;
    for (int i = 0; i < 3; ++i) street.tasks.spawn(street.visit(i, "web-1 22", 1h));
    street.tasks.spawn(street.visit(3, "web-2 22", 1s));
    street.loop.settle();
    CHECK(street.entered == std::vector<int>{0, 1, 3});
}

TEST_CASE("who gives up waiting, or is cancelled inside, keeps nobody out") {
    Street street;
    flow::TaskScope impatient(street.loop.io.get_executor());
    for (int i = 0; i < 3; ++i) impatient.spawn(street.visit(i, "web-1 22", 1h));  // the third waits
    street.tasks.spawn(street.visit(3, "web-1 22", 1s));
    street.tasks.spawn(street.visit(4, "web-1 22", 1s));
    street.loop.settle();
    impatient.stop();
    street.loop.settle();
    CHECK(street.entered == std::vector<int>{0, 1, 3, 4});
    street.loop.pass(2s);
    CHECK(street.doors.inside("web-1 22") == 0);
}

}  // namespace vmc::test
