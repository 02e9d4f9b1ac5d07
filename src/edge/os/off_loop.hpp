// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include <boost/asio/any_io_executor.hpp>

#include "edge/os/alarm.hpp"
#include "edge/os/system_clock.hpp"
#include "port/async.hpp"

namespace vmc::edge {

/// A few threads for what can only block: name look-up, key derivation, the agent's socket, files
/// on a network file system. Jobs run in the order given, at most `most` at a time (16: a resolver
/// that hangs 30 s holds one each); threads start when needed and end after 10 s without work.
///
/// Lives on the loop thread and dies before the loop does. It never waits for a job: one that
/// still hangs at the end keeps its own state and what it returns is dropped.
class OffLoop {
public:
    explicit OffLoop(boost::asio::any_io_executor loop, unsigned most = 16);
    ~OffLoop();
    OffLoop(const OffLoop&) = delete;
    OffLoop& operator=(const OffLoop&) = delete;

    /// Runs `job` on a helper thread and returns its value on the loop; nothing when `deadline` came
    /// first. Then, or when the waiting task is cancelled, the job goes on and its value is dropped.
    template <class T>
    Async<std::optional<T>> run(std::function<T()> job, Instant deadline = never);

    /// The general form: `job` on a helper thread, then `done` on the loop, unless we are gone.
    void submit(std::function<void()> job, std::function<void()> done);
    [[nodiscard]] const boost::asio::any_io_executor& loop() const noexcept { return loop_; }

private:
    struct Crew;
    static void work(const std::shared_ptr<Crew>& crew);

    boost::asio::any_io_executor loop_;
    std::shared_ptr<Crew> crew_;
};

template <class T>
Async<std::optional<T>> OffLoop::run(std::function<T()> job, Instant deadline) {
    struct Slot {
        std::optional<T> value;   // the helper's until `finished`
        bool finished = false;    // the loop's, as is what follows
        Alarm* waiter = nullptr;
    };
    struct Leaving {
        Slot& slot;
        explicit Leaving(Slot& s) : slot(s) {}
        ~Leaving() { slot.waiter = nullptr; }
    };
    Alarm alarm(loop_);
    auto slot = std::make_shared<Slot>();
    slot->waiter = &alarm;
    const Leaving leaving(*slot);
    submit([slot, job = std::move(job)] { slot->value.emplace(job()); },
           [slot] {
               slot->finished = true;
               if (slot->waiter) slot->waiter->notify();
           });
    while (!slot->finished && SystemClock::read() < deadline) co_await alarm.wait(deadline);
    if (!slot->finished) co_return std::nullopt;
    co_return std::move(slot->value);
}

}  // namespace vmc::edge
