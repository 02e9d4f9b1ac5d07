// SPDX-License-Identifier: Apache-2.0
// Something that is going on on a Loop's thread. The public face of the asynchronous core; the
// machinery below it never shows here.
#pragma once

#include <chrono>
#include <condition_variable>
#include <coroutine>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <utility>
#include <variant>
#include <vector>

#include <vm_connection/export.hpp>

namespace vmc VMC_API {

/// What Task::get() throws when the task was cancelled before it had a value.
class TaskCancelled : public std::runtime_error {
public:
    TaskCancelled() : std::runtime_error("cancelled") {}
};

/// A value that will come. Copies share it. May be waited for from any thread but the loop's own;
/// there, use on_done() or co_await. Dropping every copy does not cancel the work.
template <class T>
class Task {
public:
    /// The writing end; used by the library and by tests.
    class Promise;

    /// True once there is a value, or it was cancelled.
    [[nodiscard]] bool ready() const {
        std::lock_guard lock(shared_->mutex);
        return shared_->done;
    }
    /// False when `span` passed first.
    template <class Rep, class Period>
    bool wait_for(std::chrono::duration<Rep, Period> span) const {
        std::unique_lock lock(shared_->mutex);
        return shared_->changed.wait_for(lock, span, [&] { return shared_->done; });
    }
    void wait() const {
        std::unique_lock lock(shared_->mutex);
        shared_->changed.wait(lock, [&] { return shared_->done; });
    }
    /// Waits and takes the value: once for all copies. Throws TaskCancelled.
    T get() {
        wait();
        std::lock_guard lock(shared_->mutex);
        if (!shared_->value) throw TaskCancelled();
        return std::move(*shared_->value);
    }
    /// Asks the work to stop; it ends soon after, with a value or cancelled. Any thread.
    void cancel() {
        std::function<void()> stop;
        {
            std::lock_guard lock(shared_->mutex);
            stop = shared_->stop;
        }
        if (stop) stop();
    }
    /// Calls `then` on the loop's thread when the task is done; at once, here, if it is already.
    void on_done(std::function<void()> then) {
        {
            std::lock_guard lock(shared_->mutex);
            if (!shared_->done) {
                shared_->then.push_back(std::move(then));
                return;
            }
        }
        then();
    }

    // For `co_await` in any coroutine; it goes on on the loop's thread.
    [[nodiscard]] bool await_ready() const { return ready(); }
    void await_suspend(std::coroutine_handle<> waiter) {
        on_done([waiter] { waiter.resume(); });
    }
    T await_resume() { return get(); }

private:
    struct Shared {
        std::mutex mutex;
        std::condition_variable changed;
        bool done = false;
        std::optional<T> value;
        std::function<void()> stop;
        std::vector<std::function<void()>> then;
    };
    explicit Task(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
    std::shared_ptr<Shared> shared_;
};

template <class T>
class Task<T>::Promise {
public:
    Promise() : shared_(std::make_shared<Shared>()) {}
    [[nodiscard]] Task task() const { return Task(shared_); }
    /// What Task::cancel() does; may be called from any thread, any number of times.
    void on_cancel(std::function<void()> stop) {
        std::lock_guard lock(shared_->mutex);
        if (!shared_->done) shared_->stop = std::move(stop);
    }
    void set(T value) { finish(std::optional<T>(std::move(value))); }
    void set_cancelled() { finish(std::nullopt); }

private:
    void finish(std::optional<T> value) {
        std::vector<std::function<void()>> then;
        std::function<void()> stop;  // destroyed outside the lock
        {
            std::lock_guard lock(shared_->mutex);
            if (shared_->done) return;
            shared_->done = true;
            shared_->value = std::move(value);
            then = std::move(shared_->then);
            stop = std::move(shared_->stop);
        }
        shared_->changed.notify_all();
        for (auto& call : then) call();
    }
    std::shared_ptr<Shared> shared_;
};

}  // namespace vmc VMC_API
