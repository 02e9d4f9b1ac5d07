// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "port/async.hpp"
#include "port/clock.hpp"

namespace vmc::health {

/// Our own: how late the timers of this process are. One that was stopped, suspended or starved hears answers only
/// after its own time has run out, and takes itself for the network. One loop, one thread; the clock outlives it.
class Pulse {
public:
    explicit Pulse(port::Clock& clock) : clock_(clock) {}

    /// Beats until it is cancelled.
    Async<void> beat();

    /// The latest beat, and what the wall clock jumped ahead by meanwhile (a suspended machine's monotonic clock
    /// stands still).
    [[nodiscard]] Duration lag() const { return lag_; }
    /// For so long that a limit of some seconds may have passed unheard.
    [[nodiscard]] bool stood_still() const { return lag_ >= noticed; }

private:
    /// Less than a third of the shortest limit of a look. A busy machine's loop is late by tens of milliseconds.
    static constexpr Duration noticed = std::chrono::milliseconds(500);
    static constexpr Duration interval = std::chrono::milliseconds(100);

    port::Clock& clock_;
    Duration lag_{};
};

}  // namespace vmc::health
