// SPDX-License-Identifier: Apache-2.0
// Is the other end still there? Silence alone is no answer; a keepalive that goes unanswered is,
// and what our own TCP knows of it tells a dead path from a stuck peer.
#pragma once

#include <cstdint>
#include <optional>

#include <vm_connection/time.hpp>

namespace vmc::model {

enum class Liveness {
    fine,
    send_keepalive,  ///< send one now; the watch counts it as sent
    suspect_path,    ///< our data is not acknowledged: the path is cut, or the machine is gone
    suspect_peer,    ///< acknowledged but not answered: the TCP endpoint lives, what is behind it is stuck
    suspect,         ///< not answered, and TCP says nothing (a proxy command)
};
[[nodiscard]] bool is_suspect(Liveness liveness) noexcept;

/// From TCP_INFO of our own socket (linux/tcp.h).
struct PathSigns {
    std::uint32_t unacked = 0;      ///< segments sent and not acknowledged
    std::uint32_t retransmits = 0;  ///< timeouts in a row of the oldest one
};

/// What is seen at one moment.
struct Signs {
    Instant now;
    Instant last_received;             ///< any byte from the peer
    std::uint64_t bytes_received = 0;  ///< in all; tells a stream from answers to keepalives
    bool paused = false;               ///< we do not read (a slow consumer): silence proves nothing
    std::optional<PathSigns> path;     ///< nothing where TCP says nothing
};

struct Judgement {
    Liveness state = Liveness::fine;
    Duration quiet_for{};  ///< since the last byte; only for people
    Instant look_again;    ///< or earlier, whenever something arrives
};

/// One per session. Promises, for a path that drops everything from some moment on:
/// noticed within 10 s when idle (4 to 5 s where TCP_INFO speaks), within 4 s while output
/// streams (round trip up to 200 ms). A peer whose answers arrive within 2 s is never suspect.
class LivenessWatch {
public:
    /// ServerAliveInterval 3, CountMax 3: of three periods of silence the last two begin with a keepalive.
    static constexpr Duration period = std::chrono::seconds(3);
    static constexpr int periods = 3;
    /// A stream that stops gets its keepalive early: while it flowed we sent nothing but ACKs, and
    /// without data of ours on the way TCP cannot know that the path is cut.
    static constexpr Duration stream_pause = std::chrono::seconds(1);
    /// Within a second, or between two looks: more than answers to keepalives (36 to 100 bytes
    /// each) can add up to.
    static constexpr std::uint64_t stream_bytes = 256;
    /// Two timeouts in a row take 0.6 s at a small round trip, 1.8 s at 200 ms (RTO 0.2 to 0.6 s, doubling).
    /// While paused one more, because quiet cannot be asked for as well.
    static constexpr std::uint32_t dead_retransmits = 2;
    static constexpr Duration dead_quiet = std::chrono::seconds(2);
    /// While an answer is overdue, TCP_INFO is read this often (a getsockopt, microseconds).
    static constexpr Duration close_look = std::chrono::milliseconds(250);
    /// While paused: rare, the answers pile up unread; often enough that TCP has data to judge by.
    static constexpr Duration paused_period = std::chrono::seconds(10);
    /// A look this late means that *we* were away (suspended, overloaded): begin anew.
    static constexpr Duration we_were_away = std::chrono::seconds(2);

    explicit LivenessWatch(Instant start);
    [[nodiscard]] Judgement look(const Signs& signs);

private:
    void follow_stream(const Signs& signs);
    [[nodiscard]] Liveness judge(const Signs& signs) const;
    [[nodiscard]] Instant keepalive_due() const;
    [[nodiscard]] Instant next_look(const Signs& signs, Liveness judged) const;

    Instant planned_;                  ///< when we meant to look
    Instant quiet_since_;              ///< last byte, or when silence began to mean something
    std::optional<Instant> last_sent_; ///< latest keepalive
    int unanswered_ = 0;
    std::optional<Instant> paused_since_;
    std::uint64_t stream_mark_ = 0;    ///< bytes_received when the measurement began
    Instant measured_from_;
    std::optional<Instant> streamed_;  ///< last byte of a stream
};

}  // namespace vmc::model
