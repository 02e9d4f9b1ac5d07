// SPDX-License-Identifier: Apache-2.0
// What can go wrong between us and a VM, and where. Values, never thrown inside the library;
// the founding classes turn them into the exceptions of exceptions.hpp at their edge.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include <vm_connection/export.hpp>
#include <vm_connection/time.hpp>

namespace vmc VMC_API {

/// The steps of reaching a host, in order, then the steps of running a command on it.
/// Every failure keeps the step at which it happened. Names follow RFC 4253/4254.
enum class Stage {
    none,
    config,          ///< reading what we were told: options, key files, ssh configuration
    resolve,         ///< name to addresses
    tcp,             ///< TCP connect, or starting the proxy command
    banner,          ///< the identification line, `SSH-2.0-…`
    key_exchange,    ///< algorithms agreed, keys derived
    host_key,        ///< is this the machine we know?
    authentication,  ///< are we somebody it knows?
    channel,         ///< opening a session channel
    request,         ///< the exec, pty or subsystem request on it
    command,         ///< the command itself, running
};

/// What the caller can do about it; the reason is in the words.
enum class Code {
    bad_request,       ///< the call makes no sense; nothing was sent
    local,             ///< we failed: descriptors, memory, state directory
    unknown_name,      ///< the resolver does not know the name
    unreachable,       ///< no route, no neighbour, or an ICMP rejection
    refused,           ///< the port answered with RST: a kernel lives there, the service does not
    timed_out,         ///< silence until the deadline of the stage
    protocol,          ///< what answered does not speak SSH, or speaks it wrongly
    no_common_algorithm,
    throttled,         ///< sshd is alive and says "later" (MaxStartups, penalties)
    booting,           ///< pam_nologin: the system is booting up or going down
    host_key_unknown,  ///< strict checking, and we have never seen this host
    host_key_changed,  ///< hard stop until `vmc trust`
    host_key_revoked,
    key_unusable,      ///< a key file that is missing, unreadable, too open, or locked
    auth_denied,
    auth_held,         ///< we do not try: the breaker is open after two denials
    held,              ///< we do not try now: too many connections were accepted and came to no login
    channel_refused,   ///< MaxSessions, or an administrator's policy
    restricted_shell,  ///< a forced command or nologin answered instead of a shell
    declined,          ///< the VM was reached and will not: no place for a job, an id that is taken, …
    lost,              ///< the connection ended under us
    no_status,         ///< the channel closed without saying how the command ended
    cancelled,
};

[[nodiscard]] std::string_view slug(Stage stage) noexcept;  ///< "key-exchange"
[[nodiscard]] std::string_view slug(Code code) noexcept;    ///< "host-key-changed"

/// A failure: what, at which stage, how long that stage had taken, and the peer's own words.
/// A class with constructors, not an aggregate (see doc/decisions/002).
class Error {
public:
    Error(Code code, Stage stage, std::string message) : code_(code), stage_(stage), message_(std::move(message)) {}

    Error& said(std::string peer_words) & {
        peer_words_ = std::move(peer_words);
        return *this;
    }
    Error&& said(std::string peer_words) && {
        peer_words_ = std::move(peer_words);
        return std::move(*this);
    }
    Error& after(Duration took) & {
        took_ = took;
        return *this;
    }
    Error&& after(Duration took) && {
        took_ = took;
        return std::move(*this);
    }

    /// Our own kernel ended the connection, having had no answer for too long: who was at its other end may not know.
    Error& given_up_here() & {
        given_up_here_ = true;
        return *this;
    }

    Error&& given_up_here() && { return std::move(given_up_here()); }

    [[nodiscard]] Code code() const noexcept { return code_; }
    [[nodiscard]] Stage stage() const noexcept { return stage_; }
    [[nodiscard]] const std::string& message() const noexcept { return message_; }
    /// Foreign bytes, as they came (at most 1 KiB): escape before showing to a terminal.
    [[nodiscard]] const std::string& peer_words() const noexcept { return peer_words_; }
    [[nodiscard]] Duration took() const noexcept { return took_; }
    [[nodiscard]] bool is_given_up_here() const noexcept { return given_up_here_; }

    /// One line for people: "authentication: denied for root (publickey) after 31 ms".
    [[nodiscard]] std::string line() const;

private:
    Code code_;
    Stage stage_;
    std::string message_;
    std::string peer_words_;
    Duration took_{};
    bool given_up_here_ = false;
};

template <class T>
using Result = std::expected<T, Error>;

[[nodiscard]] inline std::unexpected<Error> failed(Code code, Stage stage, std::string message) {
    return std::unexpected<Error>(std::in_place, code, stage, std::move(message));
}

}  // namespace vmc VMC_API
