// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vm_connection/health.hpp>

#include "link/link.hpp"
#include "port/prober.hpp"

namespace vmc::health {

/// Asks each layer of the level, lowest first, and says what follows. `basic` asks the network
/// only; `medium` adds SSH and one command; `thorough` one more round trip that reads the system.
/// Never later than 30 s (basic 5 s). Uses the link's session; connects when there is none.
Async<Health> check(link::Ports ports, port::Prober& prober, link::Link& link, Level level);

}  // namespace vmc::health
