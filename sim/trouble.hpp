// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace vmc::sim {

/// A state a machine or the way to it can be in for a while. Each is counted, so that two
/// overlapping faults end when the last of them does.
enum class Trouble {
    drop_out,          ///< nothing from us arrives there
    drop_in,           ///< nothing from there arrives here
    drop_new,          ///< a firewall swallows new connections; the old ones live
    reject_new,        ///< a firewall answers new connections with ICMP "prohibited"
    sshd_stopped,      ///< the port is closed: RST. Sessions live on.
    sshd_frozen,       ///< the listener accepts and says nothing. Sessions live on.
    throttled,         ///< "Exceeded MaxStartups" to every newcomer
    booting_message,   ///< logins end with "System is booting up" (pam_nologin), except root's
    login_denied,      ///< no key is accepted
    paused,            ///< the whole kernel stands still: nothing is acknowledged
    userspace_frozen,  ///< the kernel acknowledges, nobody answers
    fork_fails,        ///< a login works, a command cannot start
    no_icmp,           ///< echo requests are swallowed
};
inline constexpr int troubles = 13;

[[nodiscard]] std::string_view words(Trouble trouble) noexcept;

}  // namespace vmc::sim
