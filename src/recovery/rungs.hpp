// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <vm_connection/recovery.hpp>

#include "link/link.hpp"
#include "model/rung_script.hpp"
#include "port/power_switch.hpp"

namespace vmc::recovery {

/// What can be done to one VM, and how. `power` may be null: it has no switch. All outlive it.
class Rungs {
public:
    Rungs(link::Ports ports, link::Link& link, port::PowerSwitch* power) : ports_(ports), link_(link), power_(power) {}

    /// What who is logged in there may do; nothing may be where it cannot be asked.
    Async<void> learn_means();
    [[nodiscard]] const model::Means& means() const { return means_; }
    [[nodiscard]] bool can_nmi() const { return power_ != nullptr && power_->can(PowerAction::nmi); }

    /// Exactly what take() would do, in one line.
    [[nodiscard]] std::string action(Rung rung, const std::string& cause, std::optional<PowerState> state) const;
    /// Does it: what it did, or why it did not. What was cut off in the middle may have been done.
    Async<Result<std::string>> take(Rung rung, std::string cause, std::optional<PowerState> state);
    /// At most so long it takes.
    [[nodiscard]] Duration longest(Rung rung) const;

    /// What the VM itself says of what happened, see model::evidence_script().
    Async<Result<std::string>> evidence(std::string what);

private:
    [[nodiscard]] Duration within() const;
    Async<Result<std::string>> from_inside(Rung rung, std::string cause);
    Async<Result<std::string>> by_rescue(std::string cause);
    Async<Result<std::string>> by_power(PowerAction action);
    [[nodiscard]] static PowerAction power_action(Rung rung, std::optional<PowerState> state);

    link::Ports ports_;
    link::Link& link_;
    port::PowerSwitch* power_;
    model::Means means_;
};

}  // namespace vmc::recovery
