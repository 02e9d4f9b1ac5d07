// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include <vm_connection/power.hpp>
#include <vm_connection/target.hpp>

#include "link/ports.hpp"
#include "port/power_switch.hpp"

namespace vmc::recovery {

/// Asks the switch, for at most so long.
Async<Result<PowerReading>> read_power(link::Ports ports, port::PowerSwitch& power, Duration within);

/// Does it, and returns when the switch itself says that it is done: what it said last. One action at a time on each
/// VM among all our processes: a second one is refused (Code::held) while the first may go on. An error tells that the
/// order was not taken, or that what was ordered was not seen to come about in time. `within`: for each order, of which
/// a cycle may be two. `in_a_step`: of a recovery, which is written down; else one of those that is under way refuses
/// it.
Async<Result<PowerReading>> change_power(link::Ports ports, const Target& target, port::PowerSwitch& power,
                                         PowerAction action, Duration within, bool in_a_step);
/// After that it is over, whoever took it.
[[nodiscard]] Duration longest_power_action(PowerAction action, Duration within);

/// A record of what was done to a VM that nobody can read any more.
[[nodiscard]] Error unreadable_record(std::string_view name);

}  // namespace vmc::recovery
