// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace vmc::sim {

/// What a box on the way sees of a packet.
struct Packet {
    std::size_t bytes = 0;
    std::optional<std::uint16_t> port{};  ///< the machine's TCP port; none: an ICMP echo
};

/// Which packets vanish on the way by their look, in both directions.
class Sieve {
public:
    bool tcp = false;
    bool big = false;
    std::optional<std::uint16_t> port{};         ///< by a firewall's rule
    std::optional<std::uint16_t> banned_port{};  ///< by a ban of ours, see Fail2ban

    [[nodiscard]] bool swallows(const Packet& packet) const {
        constexpr std::size_t narrow_link = 1400;
        if (big && packet.bytes > narrow_link) return true;
        return packet.port && (tcp || packet.port == port || packet.port == banned_port);
    }
};

}  // namespace vmc::sim
