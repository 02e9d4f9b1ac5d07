// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "port/async.hpp"

namespace vmc::flow {

/// "Something changed, look again." Wakes every task that waits now; remembers nothing, so
/// always wait in a loop over a condition. One thread. Must outlive its waiters.
class Event {
public:
    explicit Event(const boost::asio::any_io_executor& executor);

    /// Returns at the next notify(); throws only when the waiting task is cancelled.
    Async<void> wait();
    void notify() noexcept;

private:
    boost::asio::steady_timer timer_;  // never expires: waiting and waking are all it is used for
};

}  // namespace vmc::flow
