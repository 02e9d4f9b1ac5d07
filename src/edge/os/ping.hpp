// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "edge/os/resolve.hpp"
#include "port/prober.hpp"

namespace vmc::edge {

/// One ICMP or ICMPv6 echo: by a ping socket where net.ipv4.ping_group_range allows it, else by a raw
/// socket where CAP_NET_RAW does, else the answer is unknown. `mark` makes the echo ours among others.
/// No echo until `deadline` is "fails", as is an ICMP error; a missing reply proves nothing.
Async<port::PingReading> ping(const boost::asio::any_io_executor& loop, Endpoint to, std::uint64_t mark,
                              Instant deadline);

}  // namespace vmc::edge
