// SPDX-License-Identifier: Apache-2.0
#include "sim/world.hpp"

#include <algorithm>

#include "base/ensure.hpp"
#include "base/span.hpp"

namespace vmc::sim {

namespace {

/// More than this at one instant is two tasks that wake each other for ever.
constexpr std::size_t steps_without_time = 1'000'000;

Async<bool> told_when_done(Async<void> task) {
    co_await std::move(task);
    co_return true;
}

}  // namespace

World::World(std::uint64_t seed)
    : io_(std::make_unique<boost::asio::io_context>(1)), nature_(seed), random_(~seed), network_(nature_),
      clock_(nature_.agenda, io_->get_executor()), transport_(network_, clock_, io_->get_executor()),
      prober_(network_, clock_, io_->get_executor()), tasks_(std::make_unique<flow::TaskScope>(io_->get_executor())) {}

/// The frames of tasks still hold sessions and sleepers: they go first, the world they stand in after them. What is
/// on its way to somebody who has gone holds an event of the loop's, and goes before that.
World::~World() {
    tasks_.reset();
    nature_.agenda.clear();
    io_.reset();
}

void World::settle() {
    if (now() < held_until_) return;
    std::size_t steps = 0;
    io_->restart();
    while (io_->poll_one() > 0)
        ensure(++steps < steps_without_time, "time moves on (two tasks wake each other without end)");
}

bool World::run_until(const std::function<bool()>& condition, Duration limit) {
    auto& agenda = nature_.agenda;
    const Instant end = agenda.now() + limit;
    stuck_ = false;
    for (;;) {
        settle();
        if (condition()) return true;
        if (agenda.empty()) {
            stuck_ = true;
            story().tell("world", "nothing can happen any more");
            return false;
        }
        if (agenda.next() > end) {
            agenda.move_on_to(end);
            return false;
        }
        agenda.step();
    }
}

void World::run_for(Duration span) {
    auto& agenda = nature_.agenda;
    const Instant end = agenda.now() + span;
    for (settle(); !agenda.empty() && agenda.next() <= end; settle()) agenda.step();
    agenda.move_on_to(end);
}

void World::finish(const std::function<bool()>& condition, Duration limit) {
    if (run_until(condition, limit)) return;
    throw Stuck((stuck_ ? "nothing can happen any more\n" : "not in time\n") + story().text());
}

void World::run(Async<void> task, Duration limit) { run(told_when_done(std::move(task)), limit); }

void World::hold_up(Duration span) {
    story().tell("observer", "gets no processor for " + spoken(span));
    held_until_ = std::max(held_until_, now() + span);
    at(span, [] {});
}

void World::stop_tasks() {
    tasks_->stop();
    settle();
}

}  // namespace vmc::sim
