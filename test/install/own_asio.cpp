// SPDX-License-Identifier: Apache-2.0
// A user's program with Asio compiled into it: every symbol of it has a namesake in our library.
#include <boost/asio.hpp>
#include <boost/asio/impl/src.hpp>

int own_asio() {
    boost::asio::io_context loop;
    int value = 0;
    boost::asio::steady_timer timer(loop, std::chrono::milliseconds(1));
    timer.async_wait([&](boost::system::error_code) { value = 7; });
    loop.run();
    return value;
}
