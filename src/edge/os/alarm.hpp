// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <vm_connection/time.hpp>

#include "port/async.hpp"

namespace vmc::edge {

/// "Something changed, or it is time": flow::Event and a deadline in one timer, so that a wait
/// costs one handler instead of a race of two coroutines. One waiter at a time, one thread.
/// Instants are those of SystemClock.
class Alarm {
public:
    explicit Alarm(const boost::asio::any_io_executor& executor);

    /// Returns at the next notify() or when `until` is reached, whichever comes first; the caller
    /// looks which. Throws only when the waiting task is cancelled. Remembers nothing.
    Async<void> wait(Instant until = never);
    void notify() noexcept { timer_.cancel(); }

private:
    boost::asio::steady_timer timer_;
};

}  // namespace vmc::edge
