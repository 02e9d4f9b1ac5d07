// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <list>

#include <boost/asio/any_io_executor.hpp>

#include "flow/event.hpp"
#include "port/async.hpp"

namespace vmc::flow {

/// Owns running tasks, so that nothing outlives what it works on. One thread.
/// Before it is destroyed on a running loop, join() must have returned; destroying it on a loop
/// that has been stopped for good is allowed (the frames go with the loop).
class TaskScope {
public:
    explicit TaskScope(const boost::asio::any_io_executor& executor);
    ~TaskScope();
    TaskScope(const TaskScope&) = delete;
    TaskScope& operator=(const TaskScope&) = delete;

    /// Starts `task` now. A task that throws anything but cancellation is a bug and aborts.
    void spawn(Async<void> task);
    /// Cancels every task; they unwind by themselves afterwards.
    void stop() noexcept;
    /// Returns when no task is left. Not to be called from a task of this scope.
    Async<void> join();
    [[nodiscard]] std::size_t running() const noexcept { return tasks_.size(); }

private:
    struct Task;
    class OnEnd;
    static Async<void> perform(Task& task, Async<void> work);

    boost::asio::any_io_executor executor_;
    std::list<Task> tasks_;
    Event ended_;
};

}  // namespace vmc::flow
