// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "edge/os/resolve.hpp"
#include "port/prober.hpp"

namespace vmc::edge {

/// The way this machine's own table gives for an address.
struct OwnRoute {
    std::string device;
    std::string gateway;  ///< numeric; empty: the address is on the device's own network
};

/// The longest prefix that holds `address` (numeric, IPv4 or IPv6) in the text of /proc/net/route and of
/// /proc/net/ipv6_route. Lines of another form are passed over. Policy routing is not seen.
[[nodiscard]] std::optional<OwnRoute> own_route(std::string_view route, std::string_view ipv6_route,
                                                const std::string& address);

/// See port::Prober::look_at_ourselves. The gateway is sent one echo, for at most 1 s; where it does not answer
/// those, whether it answers ARP is what /proc/net/arp says.
Async<port::OwnReading> look_at_ourselves(OffLoop& helpers, std::string address, std::uint64_t mark, Instant deadline);

}  // namespace vmc::edge
