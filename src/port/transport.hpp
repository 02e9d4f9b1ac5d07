// SPDX-License-Identifier: Apache-2.0
// One authenticated SSH connection and its channels, as the middle sees them. Implemented by
// edge/ssh over libssh and by sim/ in virtual time. Words as in RFC 4253 and RFC 4254.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <vm_connection/command.hpp>
#include <vm_connection/error.hpp>
#include <vm_connection/target.hpp>

#include "port/async.hpp"

namespace vmc::port {

enum class Stream { out, err };

struct Data {
    Stream stream = Stream::out;
    std::string bytes;
};
struct Eof {};                               ///< no more data; status may still come
struct ExitStatus {
    std::uint32_t code = 0;
};
struct ExitSignal {
    std::string name;
    bool core_dumped = false;
    std::string message;
};
struct ChannelClosed {};                     ///< last event; nothing follows
using ChannelEvent = std::variant<Data, Eof, ExitStatus, ExitSignal, ChannelClosed>;

/// A session channel on which a request was granted. Destroying it sends CLOSE without waiting,
/// and the session keeps the slot until CLOSE has really gone out (no MaxSessions leak).
class Channel {
public:
    virtual ~Channel() = default;

    /// The next event, in the order the peer sent them; Data pieces are joined as far as they
    /// have arrived. Fails (Code::lost) when the connection ended. What had arrived before is
    /// delivered first. One reader at a time.
    virtual Async<Result<ChannelEvent>> next() = 0;

    /// Waits until all of it was handed to the connection (remote window and write buffer permitting).
    virtual Async<Result<void>> write(std::string bytes) = 0;
    virtual Async<Result<void>> send_eof() = 0;
    /// "TERM", "KILL", …; never confirmed by the peer. sshd ignores it for root and forced commands.
    virtual void send_signal(std::string name) = 0;
    virtual void resize(int columns, int rows) = 0;
    /// Bytes that have arrived and were not taken by next().
    [[nodiscard]] virtual std::size_t waiting() const = 0;
};

/// What the kernel knows of our side of the TCP connection (linux/tcp.h, TCP_INFO).
struct TcpReading {
    std::uint32_t unacked = 0;           ///< segments sent and not acknowledged
    std::uint32_t retransmits = 0;       ///< consecutive, of the oldest one
    std::uint32_t backoff = 0;
    std::uint64_t segments_sent = 0;     ///< in all, retransmitted ones among them; 0: not known
    std::uint64_t segments_resent = 0;   ///< in all
    std::uint64_t unsent_bytes = 0;      ///< in the socket's queue, not yet sent once
    std::uint64_t outstanding_bytes = 0; ///< SIOCOUTQ: unsent or unacknowledged
    Duration since_data_received{};
    Duration since_ack_received{};
    Duration round_trip{};
};

/// What became known while connecting.
struct SessionFacts {
    std::string peer_address;  ///< numeric; empty through a proxy command
    std::uint16_t peer_port = 0;
    std::string local_address;
    std::uint16_t local_port = 0;
    std::string server_banner; ///< "SSH-2.0-OpenSSH_9.2p1 Debian-2"
    std::string host_key;      ///< "SHA256:…"
    bool host_key_was_new = false;
    std::string key_used;      ///< which of our keys let us in: path or agent comment
    std::vector<std::pair<Stage, Duration>> stages;
};

/// One authenticated connection.
class Session {
public:
    /// Without orderly close: what is still queued for sending is dropped (SO_LINGER 0).
    virtual ~Session() = default;

    [[nodiscard]] virtual const SessionFacts& facts() const = 0;

    /// Opens a session channel and asks for `line` to be executed (RFC 4254 §6.5); with a pty when given.
    /// On failure the error's stage tells whether the exec request can have left:
    /// Stage::channel: it has not. Stage::request: it may have.
    /// `sent`, when given, becomes true the moment the exec request is handed to the connection.
    virtual Async<Result<std::unique_ptr<Channel>>> exec(std::string line, std::optional<Pty> pty, Instant deadline,
                                                         bool* sent = nullptr) = 0;

    /// Sends keepalive@openssh.com; any answer is seen as bytes_received growing.
    virtual void send_keepalive() = 0;
    /// Of the whole connection, as read from the socket.
    [[nodiscard]] virtual std::uint64_t bytes_received() const = 0;
    [[nodiscard]] virtual Instant last_received() const = 0;
    /// A consumer is behind and nothing is read from the socket: silence proves nothing now.
    [[nodiscard]] virtual bool paused() const = 0;
    /// Nothing where it says nothing of the VM (through a proxy command).
    [[nodiscard]] virtual std::optional<TcpReading> tcp() const = 0;
    /// True while any byte of ours may still be delivered later: in the engine's buffers, unsent or unacknowledged.
    [[nodiscard]] virtual bool has_undelivered() const = 0;

    [[nodiscard]] virtual bool alive() const = 0;
    /// Returns when the connection has ended (RST, FIN, DISCONNECT, or our own abort), with why.
    /// Any number may wait.
    virtual Async<Error> ended() = 0;

    /// DISCONNECT, then close; gives up and aborts at the deadline.
    virtual Async<void> close(Instant deadline) = 0;
    /// Ends it now and lets nothing undelivered be delivered later (SO_LINGER 0).
    virtual void abort() = 0;
};

/// Told of each stage while connecting, on the loop thread. Must outlive the connect.
class ConnectWatcher {
public:
    virtual ~ConnectWatcher() = default;
    virtual void stage_began(Stage) {}
    virtual void stage_ended(Stage, Duration) {}
    /// Bytes came from the peer, in the middle of a stage or at its end.
    virtual void heard() {}
};

/// Reaches a host: name, TCP, key exchange, host key, login.
class Transport {
public:
    virtual ~Transport() = default;
    /// Never later than `deadline`. The error keeps the stage, what it took, and the peer's words.
    virtual Async<Result<std::unique_ptr<Session>>> connect(const Target& target, Instant deadline,
                                                            ConnectWatcher* watcher = nullptr) = 0;
};

}  // namespace vmc::port
