// SPDX-License-Identifier: Apache-2.0
#include "flow/task_scope.hpp"

#include <exception>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
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
    } catch (const std::exception& error) {
        std::fprintf(stderr, "vm-connection: task threw: %s\n", error.what());
        return false;
    } catch (...) {
        return false;
    }
}

}  // namespace

TaskScope::TaskScope(const asio::any_io_executor& executor) : executor_(executor), ended_(executor) {}

void TaskScope::spawn(Async<void> task) {
    const auto self = tasks_.emplace(tasks_.end());
    auto on_end = [this, self](const std::exception_ptr& e) {
        ensure(!e || is_cancellation(e), "a task throws nothing but cancellation");
        tasks_.erase(self);
        ended_.notify();
    };
    asio::co_spawn(executor_, std::move(task), asio::bind_cancellation_slot(self->slot(), std::move(on_end)));
}

void TaskScope::stop() noexcept {
    // Emitting never completes a task inline, so the list does not change under us.
    for (auto& signal : tasks_) signal.emit(asio::cancellation_type::terminal);
}

Async<void> TaskScope::join() {
    while (!tasks_.empty()) co_await ended_.wait();
}

}  // namespace vmc::flow
