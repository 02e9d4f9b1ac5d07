// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include "port/clock.hpp"
#include "sim/agenda.hpp"

namespace vmc::sim {

/// Virtual time for the middle. Whoever sleeps stands in the agenda; ties wake in the order
/// they fell asleep. The wall clock is a second thing that can be stepped.
class SimClock final : public port::Clock {
public:
    SimClock(Agenda& agenda, boost::asio::any_io_executor executor) : agenda_(agenda), executor_(std::move(executor)) {}

    [[nodiscard]] Instant now() const override { return agenda_.now(); }
    [[nodiscard]] WallTime wall_now() const override {
        return agenda_.calendar() + std::chrono::floor<std::chrono::milliseconds>(wall_offset_);
    }

    Async<void> sleep_until(Instant when) override {
        if (when <= now()) co_return;
        Sleeper sleeper(*this, when);
        co_await sleeper.timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
        if (!sleeper.woken) throw boost::system::system_error(boost::asio::error::operation_aborted);
    }

    /// What NTP or a person does to the wall clock; monotonic time does not notice.
    void step_wall(Duration by) { wall_offset_ += by; }
    [[nodiscard]] std::size_t sleepers() const noexcept { return sleepers_; }

private:
    /// Leaves the agenda when woken, cancelled or destroyed.
    class Sleeper {
    public:
        Sleeper(SimClock& clock, Instant when)
            : timer(clock.executor_, boost::asio::steady_timer::time_point::max()), clock_(clock) {
            ++clock_.sleepers_;
            if (when >= never) return;
            entry_ = clock_.agenda_.at(when, [this] {
                woken = true;
                timer.cancel();
            });
        }
        Sleeper(const Sleeper&) = delete;
        ~Sleeper() {
            --clock_.sleepers_;
            if (entry_) clock_.agenda_.strike(*entry_);
        }
        boost::asio::steady_timer timer;  // never expires: the agenda wakes it
        bool woken = false;

    private:
        SimClock& clock_;
        std::optional<Agenda::Entry> entry_;
    };

    Agenda& agenda_;
    boost::asio::any_io_executor executor_;
    Duration wall_offset_{};
    std::size_t sleepers_ = 0;
};

}  // namespace vmc::sim
