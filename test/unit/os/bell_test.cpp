// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "edge/os/bell.hpp"
#include "flow/task_scope.hpp"
#include "unit/os/rig.hpp"

using namespace os;

namespace {
struct Waiting {
    explicit Waiting(const boost::asio::any_io_executor& loop) : bell(loop) {}
    Async<void> twice() {
        co_await bell.wait();
        ++rung;
        co_await bell.wait();
        ++rung;
    }
    vmc::edge::Bell bell;
    int rung = 0;
};
}  // namespace

TEST_CASE("a bell wakes its waiter once for each ring, later or at once") {
    Rig rig;
    Waiting waiting(rig.io.get_executor());
    vmc::flow::TaskScope scope(rig.io.get_executor());
    waiting.bell.ring();  // nobody there, and nothing is remembered
    scope.spawn(waiting.twice());
    rig.io.poll();
    CHECK(waiting.rung == 0);
    waiting.bell.ring();
    waiting.bell.ring();
    CHECK(waiting.rung == 0);
    rig.io.poll();
    CHECK(waiting.rung == 1);
    waiting.bell.ring_now();
    CHECK(waiting.rung == 2);
    rig.io.restart();
    rig.io.poll();
    CHECK(scope.running() == 0);
}

TEST_CASE("a stopped task leaves the bell, also when the ring and the stop come together") {
    Rig rig;
    Waiting waiting(rig.io.get_executor());
    for (const bool ring_too : {false, true}) {
        vmc::flow::TaskScope scope(rig.io.get_executor());
        scope.spawn(waiting.twice());
        rig.io.restart();
        rig.io.poll();
        if (ring_too) waiting.bell.ring();
        scope.stop();
        rig.io.restart();
        rig.io.poll();
        CHECK(scope.running() == 0);
        CHECK(waiting.rung == 0);
        waiting.bell.ring();
    }
}

TEST_CASE("a loop destroyed with a waiter at the bell takes it along") {
    auto rig = std::make_unique<Rig>();
    auto waiting = std::make_unique<Waiting>(rig->io.get_executor());
    vmc::flow::TaskScope scope(rig->io.get_executor());
    scope.spawn(waiting->twice());
    rig->io.poll();
    waiting.reset();
}
