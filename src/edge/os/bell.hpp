// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "port/async.hpp"

namespace vmc::edge {

/// flow::Event without a timer inside, for waits that come by the thousand: no clock is read, no
/// timer queue is touched. One waiter at a time, one thread. Remembers nothing; wait in a loop.
class Bell {
public:
    explicit Bell(const boost::asio::any_io_executor& executor) : executor_(executor) {}
    Bell(const Bell&) = delete;
    Bell& operator=(const Bell&) = delete;

    /// Returns after the next ring; throws only when the waiting task is cancelled.
    Async<void> wait();
    /// Wakes the waiter, if there is one, by a posted handler.
    void ring();
    /// Wakes it inside this call. Only as the very last act of a handler: it runs the waiter's code.
    void ring_now();

private:
    using Waiter = boost::asio::async_result<boost::asio::use_awaitable_t<>, void()>::handler_type;
    struct Cord;
    struct Release;
    Waiter take();

    boost::asio::any_io_executor executor_;
    std::optional<Waiter> waiter_;
};

}  // namespace vmc::edge
