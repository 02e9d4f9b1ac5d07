// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vm_connection/boot.hpp>
#include <vm_connection/health.hpp>

namespace vmc::model {

/// `vmc check`: 0 healthy; 1 degraded or throttled; 2 off, crashed or unreachable; 3 cannot tell:
/// unknown, the login denied, the host key changed, or our own network at fault. As Nagios plugins.
[[nodiscard]] int check_code_of(const Health& health) noexcept;

/// `vmc boot check`: 0 same boot, paused meanwhile or not; 10 a new life, of the kernel or of user space; 3 cannot
/// tell.
[[nodiscard]] int check_code_of(BootChange change) noexcept;

}  // namespace vmc::model
