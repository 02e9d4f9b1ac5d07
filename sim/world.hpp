// SPDX-License-Identifier: Apache-2.0
// The world in a box: virtual time, a network, machines, and the ports that lead there.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>

#include <boost/asio/io_context.hpp>

#include "flow/task_scope.hpp"
#include "sim/clock.hpp"
#include "sim/fault.hpp"
#include "sim/network.hpp"
#include "sim/prober.hpp"
#include "sim/store.hpp"
#include "sim/transport.hpp"

namespace vmc::sim {

/// What a task started in the world will return.
template <class T>
class Pending {
public:
    [[nodiscard]] bool done() const { return value_->has_value(); }
    [[nodiscard]] T& value() { return value_->value(); }

private:
    friend class World;
    std::shared_ptr<std::optional<T>> value_ = std::make_shared<std::optional<T>>();
};

/// Nothing can happen any more, or not in time; with the story so far.
class Stuck : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// One seed decides all that happens. One thread; time passes only inside run_until and run_for.
/// Tasks that are still under way when the world ends are destroyed, not resumed.
class World {
public:
    explicit World(std::uint64_t seed = 1);
    ~World();
    World(const World&) = delete;

    /// False when the limit passes first, or when nothing can happen any more: see stuck().
    bool run_until(const std::function<bool()>& condition, Duration limit = std::chrono::hours(24));
    void run_for(Duration span);
    /// The last run_until ended because nobody waits for time or network any more.
    [[nodiscard]] bool stuck() const noexcept { return stuck_; }

    void spawn(Async<void> task) { tasks_->spawn(std::move(task)); }
    template <class T>
    Pending<T> start(Async<T> task) {
        Pending<T> pending;
        spawn(keep(std::move(task), pending.value_));
        return pending;
    }
    /// Starts a task and returns its result; throws Stuck when there will be none.
    template <class T>
    T run(Async<T> task, Duration limit = std::chrono::hours(24)) {
        auto pending = start(std::move(task));
        finish([&] { return pending.done(); }, limit);
        return std::move(pending.value());
    }
    void run(Async<void> task, Duration limit = std::chrono::hours(24));
    /// Cancels all tasks of the world and lets them unwind.
    void stop_tasks();
    /// Tasks started here that have not ended.
    [[nodiscard]] std::size_t tasks() const { return tasks_->running(); }

    [[nodiscard]] Instant now() const { return nature_.agenda.now(); }
    [[nodiscard]] Instant in(Duration span) const { return now() + span; }
    [[nodiscard]] Story& story() { return nature_.story; }
    [[nodiscard]] SimClock& clock() { return clock_; }
    [[nodiscard]] SimRandom& random() { return random_; }  ///< of the middle
    [[nodiscard]] SimNetwork& network() { return network_; }
    [[nodiscard]] SimHost& host(const std::string& name) { return network_.host(name); }
    [[nodiscard]] SimTransport& transport() { return transport_; }
    [[nodiscard]] SimProber& prober() { return prober_; }
    [[nodiscard]] MemoryStore& store() { return store_; }
    [[nodiscard]] boost::asio::any_io_executor executor() { return io_->get_executor(); }
    /// We ourselves stand still for so long, as a process that gets no processor: our kernel, the network and the
    /// machines go on.
    void hold_up(Duration span);
    /// In `span` from now; for what a test wants to happen in between.
    void at(Duration span, std::move_only_function<void()> what) { nature_.agenda.after(span, std::move(what)); }

private:
    void settle();
    void finish(const std::function<bool()>& condition, Duration limit);
    template <class T>
    static Async<void> keep(Async<T> task, std::shared_ptr<std::optional<T>> into) {
        into->emplace(co_await std::move(task));
    }

    std::unique_ptr<boost::asio::io_context> io_;
    Nature nature_;
    SimRandom random_;
    SimNetwork network_;
    SimClock clock_;
    SimTransport transport_;
    SimProber prober_;
    MemoryStore store_;
    std::unique_ptr<flow::TaskScope> tasks_;
    bool stuck_ = false;
    Instant held_until_;
};

}  // namespace vmc::sim
