// SPDX-License-Identifier: Apache-2.0
#include "edge/os/alarm.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace vmc::edge {

namespace asio = boost::asio;

Alarm::Alarm(const asio::any_io_executor& executor) : timer_(executor) {}

Async<void> Alarm::wait(Instant until) {
    using Point = asio::steady_timer::time_point;
    timer_.expires_at(until >= never ? Point::max() : Point(until.time_since_epoch()));
    co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none)
        throw boost::system::system_error(asio::error::operation_aborted);
}

}  // namespace vmc::edge
