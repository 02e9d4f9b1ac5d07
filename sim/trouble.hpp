// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace vmc::sim {

/// A state a machine or the way to it can be in for a while. Each is counted, so that two
/// overlapping faults end when the last of them does.
enum class Trouble {
    drop_out,           ///< nothing from us arrives there
    drop_in,            ///< nothing from there arrives here
    drop_new,           ///< a firewall swallows new connections; the old ones live
    reject_new,         ///< a firewall answers new connections with ICMP "prohibited"
    port_swallowed,     ///< a firewall swallows all that goes to and from the ssh port, old connections too
    port_refused,       ///< a firewall answers new connections to the ssh port with RST; the old ones live
    tcp_swallowed,      ///< no TCP at all passes
    big_packets_lost,   ///< MTU black hole: packets of more than 1400 bytes vanish
    no_route,           ///< a router on the way says "host unreachable" to newcomers; nothing passes
    no_icmp,            ///< echo requests are swallowed
    forwarder_down,     ///< of a forwarded machine: its forwarder has ended
    forwarder_mute,     ///< likewise: it accepts and passes nothing on, as a ProxyCommand whose bastion is off
    sshd_stopped,       ///< the port is closed: RST. Sessions live on.
    sshd_frozen,        ///< the listener accepts and says nothing. Sessions live on.
    throttled,          ///< "Exceeded MaxStartups" to every newcomer
    booting_message,    ///< logins end with "System is booting up" (pam_nologin), except root's
    shutdown_message,   ///< likewise with "System is going down"
    login_denied,       ///< no key is accepted
    paused,             ///< the whole kernel stands still: nothing is acknowledged
    userspace_frozen,   ///< the kernel acknowledges, nobody answers
    fork_fails,         ///< of sshd: newcomers lose their connection at once, commands on old ones are refused
    shell_fork_fails,   ///< of the user (his limit): commands are granted, and his shell says that it cannot
    processes_scarce,   ///< a small command runs, a larger one breaks off; newcomers are lost sooner or later
    exec_hangs,         ///< a login works, a command is granted and never starts
    disk_hung,          ///< whoever writes and waits for the disk waits for ever
    disk_full,
    inodes_full,
    root_read_only,     ///< remounted after an error of its disk
    memory_exhausted,   ///< and swapping: every start of a command takes seconds
    kernel_oops,        ///< the kernel goes on, tainted
};
inline constexpr int troubles = 30;

[[nodiscard]] std::string_view words(Trouble trouble) noexcept;

}  // namespace vmc::sim
