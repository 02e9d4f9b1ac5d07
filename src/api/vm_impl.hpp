// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/post.hpp>
#include <vm_connection/vm.hpp>

#include "api/loop_impl.hpp"
#include "flow/task_scope.hpp"
#include "job/jobs.hpp"
#include "link/link.hpp"

namespace vmc {

/// Lives on the loop's thread; the Vm outside only posts to it. Kept alive by whoever works in it.
class Vm::Impl : public std::enable_shared_from_this<Vm::Impl> {
public:
    Impl(Target target, std::shared_ptr<Loop::Impl> loop);

    /// Starts `make(link)` on the loop and gives the task for its result.
    template <class T, class Make>
    Task<T> launch(Make make) {
        typename Task<T>::Promise promise;
        auto cancelled = std::make_shared<flow::Event>(loop_->executor());
        promise.on_cancel([this, self = weak_from_this(), event = std::weak_ptr(cancelled)] {
            auto alive = self.lock();
            if (!alive) return;
            auto notify = [event] {
                if (auto waited_for = event.lock()) waited_for->notify();
            };
            (void)post(std::move(notify));
        });
        auto begin = [this, promise, cancelled, make = std::move(make)]() mutable {
            if (closed_) return promise.set_cancelled();
            tasks_.spawn(carry<T>(promise, make(*link_), cancelled));
        };
        if (!post(std::move(begin))) promise.set_cancelled();
        return promise.task();
    }

    /// Runs `work` on the loop's thread with this object kept alive. False once it is shut: then nothing is left
    /// to do, and the loop may be gone.
    template <class F>
    [[nodiscard]] bool post(F work) {
        std::lock_guard lock(door_);
        if (shut_) return false;
        boost::asio::post(loop_->executor(), [self = shared_from_this(), work = std::move(work)]() mutable { work(); });
        return true;
    }

    void run(std::shared_ptr<Run::Impl> run);
    /// Ends all tasks, closes the link. The returned task is done when nothing is left.
    Task<bool> close();

    [[nodiscard]] Loop::Impl& loop() { return *loop_; }
    [[nodiscard]] link::Link& link() { return *link_; }
    [[nodiscard]] job::Jobs& jobs() { return *jobs_; }
    /// Runs `work` as one of its tasks; false when it is closed.
    [[nodiscard]] bool spawn(Async<void> work) {
        if (closed_) return false;
        tasks_.spawn(std::move(work));
        return true;
    }
    void on_notice(std::function<void(const Notice&)> tell);
    [[nodiscard]] std::string state();

private:
    template <class T>
    static Async<void> carry(typename Task<T>::Promise promise, Async<T> op, std::shared_ptr<flow::Event> cancelled) {
        // Whatever unwinds this, the task ends.
        struct AtEnd {
            typename Task<T>::Promise promise;
            ~AtEnd() { promise.set_cancelled(); }
        } at_end{promise};
        using namespace boost::asio::experimental::awaitable_operators;
        auto race = std::move(op) || cancelled->wait();
        auto first = co_await std::move(race);
        if (first.index() == 0) promise.set(std::get<0>(std::move(first)));
    }
    Async<void> shut(Task<bool>::Promise done);
    void hear(const Notice& notice);

    const std::shared_ptr<Loop::Impl> loop_;  // first: the others have timers in it
    flow::TaskScope tasks_;
    std::unique_ptr<link::Link> link_;
    std::unique_ptr<job::Jobs> jobs_;
    bool closed_ = false;

    std::mutex door_;  // protects shut_
    bool shut_ = false;

    std::mutex mutex_;  // protects what is below: read from any thread
    std::function<void(const Notice&)> tell_;
    std::string state_ = "idle";
};

}  // namespace vmc
