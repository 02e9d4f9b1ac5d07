// SPDX-License-Identifier: Apache-2.0
#include "edge/os/system_clock.hpp"

#include <sys/random.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/ensure.hpp"

namespace vmc::edge {

namespace asio = boost::asio;

Instant SystemClock::read() {
    // libstdc++'s steady_clock is CLOCK_MONOTONIC, which is also what Asio's timers run on.
    return Instant(std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch()));
}

WallTime SystemClock::wall_now() const {
    return std::chrono::time_point_cast<WallTime::duration>(std::chrono::system_clock::now());
}

Async<void> SystemClock::sleep_until(Instant when) {
    using Point = asio::steady_timer::time_point;
    const auto point = when >= never ? Point::max() : Point(when.time_since_epoch());
    asio::steady_timer timer(executor_, point);
    co_await timer.async_wait(asio::use_awaitable);
}

std::uint64_t SystemRandom::draw() {
    std::uint64_t value = 0;
    ensure(::getrandom(&value, sizeof value, 0) == sizeof value, "the kernel gives random bytes");
    return value;
}

}  // namespace vmc::edge
