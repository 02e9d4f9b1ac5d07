// SPDX-License-Identifier: Apache-2.0
// Things under way, as Python sees them. All methods return at once.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "mailbox.hpp"
#include "pieces.hpp"
#include "values.hpp"

namespace vmc::python {

/// A Task with its type forgotten. result() throws TaskCancelled when the link was closed under it.
class Call {
public:
    template <class T, class Render>
    Call(Task<T> task, std::shared_ptr<Slot> slot, Render render)
        : slot_(std::move(slot)), ready_([task] { return task.ready(); }),
          result_([task, render]() mutable { return py::object(render(task.get())); }),
          cancel_([task]() mutable { task.cancel(); }) {
        task.on_done([word = slot_] { word->leave_word(); });
    }
    bool ready() const { return ready_(); }
    bool news() {
        slot_->looking();
        return ready();
    }
    py::object result() { return result_(); }
    void cancel() { cancel_(); }

private:
    std::shared_ptr<Slot> slot_;
    std::function<bool()> ready_;
    std::function<py::object()> result_;
    std::function<void()> cancel_;
};

/// A command under way, and what it has said since Python looked last. When Python forgets it before
/// it has ended, it is cancelled: nobody would ever hear of it.
class RunCall {
public:
    /// With `wants_output` false the output is counted and dropped.
    RunCall(Vm& vm, Command command, std::shared_ptr<Slot> slot, bool wants_output);
    ~RunCall();
    RunCall(const RunCall&) = delete;
    RunCall& operator=(const RunCall&) = delete;

    bool ready() const { return outcome_.ready(); }
    bool news();
    /// [(0 for stdout or 1 for stderr, bytes)], in order.
    py::list take_output();
    py::object result() { return render(outcome_.get()); }
    void cancel() { run_.cancel(); }

private:
    static Run start(Vm& vm, Command command, const std::shared_ptr<Slot>& slot, const std::shared_ptr<Pieces>& output,
                     bool wants_output);

    std::shared_ptr<Slot> slot_;
    std::shared_ptr<Pieces> output_;
    Run run_;
    Task<Outcome> outcome_;
    int owner_;
};

/// What happens to a link, until it is closed. A listener who falls behind loses the oldest.
class Listening {
public:
    explicit Listening(std::shared_ptr<Slot> slot) : slot_(std::move(slot)) {}
    void hear(const Notice& notice);
    void end();
    bool news();
    py::list take();
    bool ended();

private:
    std::shared_ptr<Slot> slot_;
    std::mutex mutex_;
    std::vector<Notice> heard_;
    bool ended_ = false;
};

}  // namespace vmc::python
