// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <vm_connection/error.hpp>

#include "edge/os/fd.hpp"
#include "edge/os/resolve.hpp"

namespace vmc::edge {

/// What one non-blocking connect(2) came to: 0, or the errno it ended with.
struct Knock {
    int error = 0;
    Duration took{};
    /// The refusal came as an ICMP message and not as a RST: no segment was ever received.
    bool without_segment = false;
    /// connect(2) itself failed: our own routes or firewall, nothing was sent.
    bool locally = false;
};

/// One connect to one endpoint; nothing when the deadline came first. Who answers gets an RST instead of the
/// handshake's last ACK, so that there is never a connection: sshd does not hear of it, on whatever way, also where
/// the RST is lost (measured: of 200 knocks accept(2) returned none; with the ACK before it, 200). A process that is
/// kept from running for longer than the ACK is put off sends both, one behind the other.
Async<std::optional<Knock>> knock_once(const boost::asio::any_io_executor& loop, Endpoint endpoint, Instant deadline);

/// Happy eyeballs (RFC 8305): the addresses in order, the next one started 250 ms after the last or
/// at once when all before it have failed; the first to answer wins and the others are closed.
/// The socket comes back with TCP_NODELAY (without it an exec takes 46 ms instead of 4, because
/// request and acknowledgement wait for each other) and SO_LINGER 0, so that whatever ends this
/// process ends the connection too and nothing still queued is delivered. Never TCP_USER_TIMEOUT:
/// a link that is suspect must be able to come back.
/// The error is that of the most telling attempt: refused, then rejected, then silence.
Async<Result<Fd>> dial(const boost::asio::any_io_executor& loop, std::vector<Endpoint> endpoints, Instant deadline);

/// Asks the other kernel every 15 s whether it still knows of the connection, and gives it up (ETIMEDOUT) after 75 s
/// without an answer. For one that waits in a listen queue; off once there is a session, which may go quiet.
void set_keepalive(int fd, bool on) noexcept;

/// SO_LINGER: with zero seconds (close sends RST and drops what is queued), or the ordinary close.
void set_reset_on_close(int fd, bool reset) noexcept;

}  // namespace vmc::edge
