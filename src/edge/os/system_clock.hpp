// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/any_io_executor.hpp>

#include "port/clock.hpp"
#include "port/random.hpp"

namespace vmc::edge {

/// CLOCK_MONOTONIC and the calendar. It stands still while this machine is suspended.
class SystemClock final : public port::Clock {
public:
    explicit SystemClock(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}

    [[nodiscard]] Instant now() const override { return read(); }
    [[nodiscard]] WallTime wall_now() const override;
    Async<void> sleep_until(Instant when) override;

    /// The same time line without an object, for the rooms of edge/.
    [[nodiscard]] static Instant read();

private:
    boost::asio::any_io_executor executor_;
};

/// getrandom(2).
class SystemRandom final : public port::Random {
public:
    std::uint64_t draw() override;
};

}  // namespace vmc::edge
