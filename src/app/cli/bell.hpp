// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vm_connection/task.hpp>
#include <vm_connection/time.hpp>

namespace vmc::cli {

/// Wakes the main thread, the only one here that waits for several things at once: the end of a
/// task, a signal, room in an output, input. Remembers that it was rung; look at everything after.
class Bell {
public:
    Bell();
    ~Bell();
    Bell(const Bell&) = delete;
    Bell& operator=(const Bell&) = delete;

    /// From any thread and from signal handlers.
    void ring() const noexcept;
    /// Returns when rung, when `input` (a descriptor, or -1) can be read or has ended, or after
    /// `at_most`. True: it was the input.
    bool wait(int input, Duration at_most) const;

private:
    int event_;
};

/// Our own reading of monotonic time, for limits that the program itself keeps.
[[nodiscard]] Instant now();
/// What is left until `deadline`, never negative.
[[nodiscard]] Duration left_until(Instant deadline);

/// Waits until the task is done, a signal asks us to end, or the deadline; true when it is done.
template <class T>
bool await(Task<T> task, const Bell& bell, const auto& interrupted, Instant deadline = never) {
    task.on_done([&bell] { bell.ring(); });
    while (!task.ready()) {
        if (interrupted() || now() >= deadline) return false;
        bell.wait(-1, left_until(deadline));
    }
    return true;
}

}  // namespace vmc::cli
