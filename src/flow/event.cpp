// SPDX-License-Identifier: Apache-2.0
#include "flow/event.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace vmc::flow {

namespace asio = boost::asio;

Event::Event(const asio::any_io_executor& executor) : timer_(executor, asio::steady_timer::time_point::max()) {}

Async<void> Event::wait() {
    co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    // Both notify() and a cancellation end the wait in the same way; the task's own state tells them apart.
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none)
        throw boost::system::system_error(asio::error::operation_aborted);
}

void Event::notify() noexcept { timer_.cancel(); }

}  // namespace vmc::flow
