// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vm_connection/boot_story.hpp>

#include "link/link.hpp"

namespace vmc::health {

/// Connects when there is no link. At most the connect timeout and 10 s.
Async<Result<BootRecord>> read_boot(link::Ports ports, link::Link& link);

/// Reads the boot, and asks the VM for what it knows only where the boot is another one: at most 40 s more. When it
/// cannot be asked then, the story says so, and less. `last_heartbeat`: see model::boot_story().
Async<Result<BootStory>> boot_since(link::Ports ports, link::Link& link, BootRecord before, WallTime last_heartbeat);

/// What two readings tell; where the second is another boot and a session of it is open, what the VM knows besides.
/// Asks over `session`, within the time.
Async<BootStory> told_over(link::Ports ports, link::Link& link, port::Session& session, BootRecord before,
                           BootRecord now, Duration within);

}  // namespace vmc::health
