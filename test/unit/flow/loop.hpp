// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include <boost/asio/io_context.hpp>

#include "sim/agenda.hpp"
#include "sim/clock.hpp"

namespace vmc::test {

/// A loop with virtual time and nothing else.
class Loop {
public:
    Loop() : frames_(std::make_unique<boost::asio::io_context>()), io(*frames_), clock(agenda, io.get_executor()) {}
    /// The frames of tasks still hold sleepers: they go before the clock.
    ~Loop() { frames_.reset(); }
    Loop(const Loop&) = delete;

    /// Lets everything run that can run now.
    void settle() {
        io.restart();
        while (io.poll() > 0) io.restart();
    }
    void pass(Duration span) {
        const Instant end = agenda.now() + span;
        for (settle(); !agenda.empty() && agenda.next() <= end; settle()) agenda.step();
        agenda.move_on_to(end);
    }
    [[nodiscard]] Instant in(Duration span) const { return agenda.now() + span; }

private:
    std::unique_ptr<boost::asio::io_context> frames_;

public:
    sim::Agenda agenda;
    boost::asio::io_context& io;
    sim::SimClock clock;
};

}  // namespace vmc::test
