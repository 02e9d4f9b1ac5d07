// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "port/transport.hpp"

namespace vmc::edge {

/// TCP_INFO, SIOCOUTQ and SIOCOUTQNSD of a connected TCP socket; nothing for any other descriptor.
/// Milliseconds and microseconds of the kernel become Durations. Costs three system calls, no wait.
[[nodiscard]] std::optional<port::TcpReading> read_tcp(int fd);

/// SIOCOUTQ: bytes not yet sent or not yet acknowledged; 0 where the kernel does not say.
[[nodiscard]] std::uint64_t unacknowledged_bytes(int fd);

/// TCP segments this socket ever received, also after it failed; nothing where the kernel does not say.
[[nodiscard]] std::optional<std::uint32_t> segments_received(int fd);

}  // namespace vmc::edge
