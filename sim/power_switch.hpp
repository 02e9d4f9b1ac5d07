// SPDX-License-Identifier: Apache-2.0
// Who turns a simulated machine off and on, as well or as badly as real switches do.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "flow/event.hpp"
#include "port/power_switch.hpp"
#include "sim/world.hpp"

namespace vmc::sim {

class SimPowerSwitch final : public port::PowerSwitch {
public:
    enum class Flaw {
        none,
        says_on,      ///< whatever is true
        says_off,
        mute,         ///< answers no question
        refuses,      ///< takes no order
        hangs,        ///< takes an order and does not return before its deadline; it is carried out
        late,         ///< carries it out 20 s after it said that it had taken it
        forgets,      ///< says that it has taken an order, and does nothing
    };
    static constexpr int flaws = 8;

    /// An order, also one that does not reach it, and what was true then.
    struct Order {
        PowerAction action;
        Instant at;
        bool up;        ///< its kernel ran
        bool well;      ///< nothing was wrong with it
        bool another;   ///< another order was under way
    };

    /// It is reached as its machine is, by our own cable and the gateway, and not by the machine's own path.
    SimPowerSwitch(World& world, SimHost& host, Flaw flaw = Flaw::none)
        : clock_(world.clock()), network_(world.network()), host_(host), flaw_(flaw), news_(world.executor()) {}

    Async<Result<PowerReading>> read(Instant deadline) override;
    Async<Result<void>> act(PowerAction action, Instant deadline) override;
    [[nodiscard]] bool speaks() const override { return speaks_by_itself; }
    Async<std::optional<PowerReading>> overhear(Instant until) override;
    [[nodiscard]] bool can(PowerAction action) const override { return action != PowerAction::cycle; }
    [[nodiscard]] std::string told(PowerAction action) const override { return "switch: " + std::string(slug(action)); }

    [[nodiscard]] const std::vector<Order>& orders() const noexcept { return orders_; }
    /// To whoever listens at this moment.
    void say(PowerState state, std::string detail);
    bool speaks_by_itself = false;
    bool another_way = false;   ///< it is reached also while our own cable is out
    bool paused_shows = true;   ///< it tells a pause from running, as QMP does

private:
    void carry_out(PowerAction action);
    [[nodiscard]] PowerState state() const;

    SimClock& clock_;
    SimNetwork& network_;
    SimHost& host_;
    const Flaw flaw_;
    std::vector<Order> orders_;
    flow::Event news_;
    PowerReading said_;
    int under_way_ = 0;
};

}  // namespace vmc::sim
