// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include <vm_connection/boot.hpp>

#include "link/link.hpp"
#include "port/prober.hpp"

namespace vmc::recovery {

/// A VM that runs commands: the same boot of the same machine, read twice in a row.
struct Proof {
    explicit Proof(BootRecord is) : now(std::move(is)) {}
    BootRecord now;
    Instant answered{};  ///< when its port was seen to be open, or its session answered, first
    Instant proven{};
};

/// Reads it twice, over what session there is, and connects where there is none.
Async<Result<Proof>> prove(link::Ports ports, link::Link& link, Instant deadline);

/// Waits for it. `not_boot`: one that was told to end; reading it is no proof, and its end is waited for. Knocks at its
/// port ten times a second, which costs sshd nothing, and logs in when it opens; behind a forwarder, whose port is
/// always open, it logs in as often as the etiquette allows.
Async<Result<Proof>> until_back(link::Ports ports, port::Prober& prober, link::Link& link,
                                std::optional<BootId> not_boot, Instant deadline);

}  // namespace vmc::recovery
