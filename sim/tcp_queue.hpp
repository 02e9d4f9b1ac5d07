// SPDX-License-Identifier: Apache-2.0
// The two halves of one direction of a TCP connection: what is kept until it is acknowledged,
// and what has arrived in order. Whole messages stand for segments.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>

#include "sim/message.hpp"
#include "sim/nature.hpp"

namespace vmc::sim {

/// Bytes begin … end of the stream. A window probe carries no message and no byte.
struct Segment {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    std::shared_ptr<const Message> message;
    Instant sent_at{};
};
struct Ack {
    std::uint64_t upto = 0;
    std::size_t window = 0;
    bool gap = false;  ///< something later arrived, this is still missing
    Instant echo{};  ///< when the segment that is acknowledged was sent (TCP timestamps, as Linux has them on)
};

/// Keeps every byte until it is acknowledged and sends it again with backoff, as Linux does: RTO
/// at least 200 ms above the round trip (RFC 6298), doubling up to 120 s, given up after 15 times
/// (about 924 s).
class TcpSender {
public:
    class Wiring {
    public:
        virtual ~Wiring() = default;
        virtual void transmit(const Segment& segment) = 0;
        virtual void gave_up() = 0;
        /// A paused machine counts no timeouts.
        [[nodiscard]] virtual bool asleep() const = 0;
    };
    TcpSender(Nature& nature, Wiring& wiring) : nature_(nature), wiring_(wiring) {}
    ~TcpSender() { clear(); }
    TcpSender(const TcpSender&) = delete;

    void push(Message message);
    void acknowledged(const Ack& ack);
    /// A round trip, of the handshake or of a segment that was sent once.
    void measured(Duration round_trip);
    /// Forgets what is queued: it will never be sent (again).
    void clear();

    [[nodiscard]] std::size_t outstanding() const noexcept { return flight_bytes_ + backlog_bytes_; }
    [[nodiscard]] std::size_t unsent() const noexcept { return backlog_bytes_; }
    [[nodiscard]] std::uint32_t segments_in_flight() const noexcept;
    [[nodiscard]] std::uint32_t retransmits() const noexcept { return retransmits_; }
    [[nodiscard]] std::uint32_t backoff() const noexcept { return backoff_; }
    [[nodiscard]] Duration round_trip() const noexcept { return smoothed_; }
    [[nodiscard]] std::uint64_t sent_in_all() const noexcept { return sent_; }
    /// As a TCP with selective acknowledgements would, which sends again only what was lost.
    [[nodiscard]] std::uint64_t resent_in_all() const noexcept { return resent_; }

private:
    void fill();
    void arm();
    void expired();
    void send(Segment& segment);
    [[nodiscard]] Duration rto() const;

    Nature& nature_;
    Wiring& wiring_;
    std::deque<Segment> flight_;
    std::deque<Segment> backlog_;
    std::size_t flight_bytes_ = 0;
    std::size_t backlog_bytes_ = 0;
    std::uint64_t next_ = 0;
    std::size_t window_ = 256 * 1024;
    std::uint32_t retransmits_ = 0;
    std::uint32_t backoff_ = 0;
    std::uint64_t sent_ = 0;
    std::uint64_t resent_ = 0;
    bool recovering_ = false;
    Duration smoothed_{};
    Duration varies_by_{};
    std::optional<Agenda::Entry> timer_;
};

/// Takes segments in order, drops what comes early, and holds what nobody reads.
class TcpReceiver {
public:
    static constexpr std::size_t capacity = 256 * 1024;

    /// False for a segment that leaves a gap.
    bool arrive(const Segment& segment);
    [[nodiscard]] Ack ack() const;
    /// The next message in order.
    std::shared_ptr<const Message> take();
    [[nodiscard]] std::size_t waiting() const noexcept { return bytes_; }
    void clear();

private:
    Instant echo_{};
    std::uint64_t next_ = 0;
    std::deque<std::shared_ptr<const Message>> inbox_;
    std::size_t bytes_ = 0;
};

}  // namespace vmc::sim
