// SPDX-License-Identifier: Apache-2.0
// Other hosts, by which our own network is told from the VM's.
#pragma once

#include <string>

#include <vm_connection/health.hpp>
#include <vm_connection/target.hpp>

#include "link/link.hpp"
#include "port/prober.hpp"

namespace vmc::health {

/// What others said. `unknown`: there is nobody to ask.
struct Elsewhere {
    Answer answer = Answer::unknown;
    std::string detail;
    Duration took{};
};

/// One echo, or one connect, to the host that the target names as its canary.
Async<Elsewhere> ask_canary(port::Clock& clock, port::Prober& prober, const Target& target, Instant until);
/// "HOST" or "HOST PORT"; empty where none is named.
[[nodiscard]] std::string canary_name(const Target& target);

/// A keepalive on the sessions that links of the same loop hold to other hosts, up to eight; the first answer settles
/// it.
Async<Elsewhere> ask_company(const link::Ports& ports, const link::Link& but, Instant until);

}  // namespace vmc::health
