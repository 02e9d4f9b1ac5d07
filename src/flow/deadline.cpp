// SPDX-License-Identifier: Apache-2.0
#include "flow/deadline.hpp"

#include <exception>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace vmc::flow {

namespace asio = boost::asio;

// Not `op || timer` of awaitable_operators: it drops the result of an `op` that finishes just
// after the timer, waits for the timer when `op` throws, and turns a cancellation of both into
// asio::multiple_exceptions.
Async<bool> finishes(port::Clock& clock, Instant deadline, Async<void> op) {
    if (deadline >= never) {
        co_await std::move(op);
        co_return true;
    }
    const auto executor = co_await asio::this_coro::executor;
    auto race =
        asio::experimental::make_parallel_group(asio::co_spawn(executor, std::move(op), asio::deferred),
                                                asio::co_spawn(executor, clock.sleep_until(deadline), asio::deferred));
    const auto [order, op_threw, alarm_threw] =
        co_await race.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
    if (!op_threw) co_return true;
    if (alarm_threw || order[0] == 0) std::rethrow_exception(op_threw);
    co_return false;
}

}  // namespace vmc::flow
