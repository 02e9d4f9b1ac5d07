// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vm_connection/diagnosis.hpp>
#include <vm_connection/health.hpp>

#include "link/link.hpp"
#include "model/symptoms_of.hpp"
#include "port/power_switch.hpp"
#include "port/prober.hpp"

namespace vmc::health {

/// Asks each layer of the level, lowest first, and says what follows. `basic` asks the network
/// only; `medium` adds SSH and one command; `thorough` one more round trip that reads the system.
/// Never later than 30 s (basic 5 s); where our own process stood still meanwhile and something did not answer, it
/// is asked once more. Uses the link's session; connects when there is none.
Async<Health> check(link::Ports ports, port::Prober& prober, link::Link& link, Level level);

/// A diagnosis, and what it stands on besides the evidence.
struct Look {
    Diagnosis diagnosis;
    model::Circumstances around;
};

/// All of it by a fresh login, and beside it what else can be told apart by: the old session, a closed port, our own
/// network. Three round trips beyond connecting on a VM that is well; never later than 30 s, and once more
/// where we stood still, as above. It costs sshd one login, and a port of the VM that is known to be closed one SYN
/// (Target::closed_port). `power`: its switch, asked where no command runs, for up to 8 s more; a null one is none.
Async<Look> look(link::Ports ports, port::Prober& prober, link::Link& link, port::PowerSwitch* power = nullptr);
Async<Diagnosis> diagnose(link::Ports ports, port::Prober& prober, link::Link& link,
                          port::PowerSwitch* power = nullptr);

}  // namespace vmc::health
