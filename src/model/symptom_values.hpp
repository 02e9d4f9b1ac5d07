// SPDX-License-Identifier: Apache-2.0
// The channels by which something is seen of a VM, and what may be seen on each.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vmc::model {

/// Value 0 of each is "unknown", and weighs nothing.
enum class Feature : std::uint8_t {
    login,        ///< the layers of a fresh login, which are nested: the first that failed, and how
    old_session,  ///< of the session that was there before
    echo,         ///< ICMP, of a host that has answered it before
    closed_port,  ///< a SYN to a port that has answered with RST before
    system,       ///< what the VM says of itself
    ourselves,    ///< our gateway, our clock
    identity,     ///< against the last authenticated reading of this host
    pace,         ///< round trips and losses, of the connection that answers
    listener,     ///< on its SSH port, by its own word over the old session
    canary,       ///< another host behind our gateway that has answered before
    company,      ///< other VMs that this process holds sessions to
};
inline constexpr std::size_t features = 11;

enum class Login : std::uint8_t {
    unknown,
    no_name,
    no_network,
    rejected,
    no_neighbour,
    refused,
    silent,
    accepted,
    no_banner,
    hung_up,
    throttled,
    kex_silent,
    kex_ended,
    stranger,
    denied,
    booting,
    going_down,
    auth_silent,
    auth_ended,
    restricted,
    no_channel,
    exec_silent,
    exec_failed,
    works,
    no_proxy
};
enum class OldSession : std::uint8_t { unknown, answers, unacknowledged, acknowledged, quiet, reset, closed };
enum class Echo : std::uint8_t { unknown, answers, silent };
enum class ClosedPort : std::uint8_t { unknown, refuses, silent, no_neighbour };
enum class System : std::uint8_t {
    unknown,
    well,
    disk_full,
    inodes_full,
    read_only,
    write_stuck,
    memory,
    kernel_fault,
    clock_off,
    other,
    no_report,
    broke_off
};
enum class Ourselves : std::uint8_t { unknown, well, no_gateway, was_away };
enum class Identified : std::uint8_t { unknown, same_boot, new_boot, soft_reboot, stranger, ambiguous };
enum class Pace : std::uint8_t { unknown, usual, slow, lossy, comes_and_goes };
enum class Listener : std::uint8_t { unknown, listens, none };
enum class Canary : std::uint8_t { unknown, answers, silent };
enum class Company : std::uint8_t { unknown, answers, silent };

}  // namespace vmc::model
