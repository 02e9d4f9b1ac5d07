// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <vm_connection/error.hpp>
#include <vm_connection/power.hpp>

#include "port/async.hpp"

namespace vmc::port {

/// Whoever turns one machine off and on. Each question is asked anew and never takes longer than its deadline; what
/// was begun then may go on.
class PowerSwitch {
public:
    virtual ~PowerSwitch() = default;

    virtual Async<Result<PowerReading>> read(Instant deadline) = 0;
    /// Returns when the order was taken. Whether it was carried out is for read() to say.
    virtual Async<Result<void>> act(PowerAction action, Instant deadline) = 0;
    /// Whether it says by itself when its machine stands otherwise.
    [[nodiscard]] virtual bool speaks() const { return false; }
    /// The first that it says unasked, or nothing at `until`, never sooner. Only of one that speaks. What it said while
    /// nobody listened is not kept: the state is for read() to say.
    virtual Async<std::optional<PowerReading>> overhear(Instant until) = 0;
    /// Never PowerAction::cycle: that is two of the others.
    [[nodiscard]] virtual bool can(PowerAction action) const = 0;
    /// What act() would do, for people, without secrets: "fence_virsh: action=off plug=web-1".
    [[nodiscard]] virtual std::string told(PowerAction action) const = 0;
};

/// Makes the switches that are described.
class PowerSwitches {
public:
    virtual ~PowerSwitches() = default;
    [[nodiscard]] virtual std::unique_ptr<PowerSwitch> make(const vmc::PowerSwitch& described) = 0;
};

}  // namespace vmc::port
