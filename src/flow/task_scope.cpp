// SPDX-License-Identifier: Apache-2.0
#include "flow/task_scope.hpp"

#include <exception>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/multiple_exceptions.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

#include "base/ensure.hpp"

namespace vmc::flow {

namespace asio = boost::asio;

namespace {

bool is_cancellation(const std::exception_ptr& e) {
    try {
        std::rethrow_exception(e);
    } catch (const boost::system::system_error& error) {
        return error.code() == asio::error::operation_aborted;
    } catch (const asio::multiple_exceptions& both) {  // `a || b`, both of them cancelled
        return is_cancellation(both.first_exception());
    } catch (const std::exception& error) {
        std::fprintf(stderr, "vm-connection: task threw: %s\n", error.what());
        return false;
    } catch (...) {
        return false;
    }
}

}  // namespace

struct TaskScope::Task {
    asio::cancellation_signal signal;
    bool begun = false;
    bool stopped = false;  ///< before it had begun
};

/// Not bind_cancellation_slot: that gives the handler an associated executor, and co_spawn then
/// forwards a cancellation emitted outside the loop by a posted bare pointer to the signal, which
/// may be gone when it runs.
class TaskScope::OnEnd {
public:
    OnEnd(TaskScope& scope, std::list<Task>::iterator task) : scope_(scope), task_(task) {}
    using cancellation_slot_type = asio::cancellation_slot;
    [[nodiscard]] cancellation_slot_type get_cancellation_slot() const noexcept { return task_->signal.slot(); }
    void operator()(const std::exception_ptr& e) const {
        ensure(!e || is_cancellation(e), "a task throws nothing but cancellation");
        scope_.tasks_.erase(task_);
        scope_.ended_.notify();
    }

private:
    TaskScope& scope_;
    std::list<Task>::iterator task_;
};

TaskScope::TaskScope(const asio::any_io_executor& executor) : executor_(executor), ended_(executor) {}
TaskScope::~TaskScope() = default;

void TaskScope::spawn(Async<void> work) {
    const auto task = tasks_.emplace(tasks_.end());
    asio::co_spawn(executor_, perform(*task, std::move(work)), OnEnd(*this, task));
}

/// co_spawn's own first and last steps are awaits too: one that meets a cancellation before the
/// task was ever suspended would throw out of the loop. So none may be seen there.
Async<void> TaskScope::perform(Task& task, Async<void> work) {
    task.begun = true;
    if (task.stopped) co_return;
    std::exception_ptr thrown;
    try {
        co_await std::move(work);
    } catch (...) {
        thrown = std::current_exception();
    }
    co_await asio::this_coro::throw_if_cancelled(false);
    if (thrown) std::rethrow_exception(thrown);
}

void TaskScope::stop() noexcept {
    // Emitting never completes a task inline, so the list does not change under us.
    for (auto& task : tasks_) {
        if (task.begun) task.signal.emit(asio::cancellation_type::terminal);
        else task.stopped = true;
    }
}

Async<void> TaskScope::join() {
    while (!tasks_.empty()) co_await ended_.wait();
}

}  // namespace vmc::flow
