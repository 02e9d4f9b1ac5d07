// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "edge/os/off_loop.hpp"
#include "port/power_switch.hpp"

namespace vmc::edge {

/// QEMU's monitor, fence agents and programs of one's own. A program is waited for off the loop's thread: what was
/// begun there goes on when its caller has left.
class RealSwitches final : public port::PowerSwitches {
public:
    /// `helpers` outlive the switches.
    explicit RealSwitches(OffLoop& helpers) : helpers_(helpers) {}
    [[nodiscard]] std::unique_ptr<port::PowerSwitch> make(const vmc::PowerSwitch& described) override;

private:
    OffLoop& helpers_;
};

std::unique_ptr<port::PowerSwitch> make_qmp_switch(OffLoop& helpers, const vmc::PowerSwitch& described);
std::unique_ptr<port::PowerSwitch> make_fence_switch(OffLoop& helpers, const vmc::PowerSwitch& described);
std::unique_ptr<port::PowerSwitch> make_command_switch(OffLoop& helpers, const vmc::PowerSwitch& described);

}  // namespace vmc::edge
