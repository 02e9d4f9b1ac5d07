// SPDX-License-Identifier: Apache-2.0
#include "sim/tcp_queue.hpp"

#include <algorithm>
#include <utility>

namespace vmc::sim {

namespace {

constexpr Duration rto_first = std::chrono::seconds(1);         // while no round trip is known
constexpr Duration rto_floor = std::chrono::milliseconds(200);  // TCP_RTO_MIN
constexpr Duration rto_ceiling = std::chrono::seconds(120);     // TCP_RTO_MAX
constexpr std::uint32_t tries = 15;                             // net.ipv4.tcp_retries2
constexpr std::size_t segment_size = 1448;

}  // namespace

void TcpSender::push(Message message) {
    Segment segment;
    segment.begin = next_;
    next_ += message.size();
    segment.end = next_;
    backlog_bytes_ += message.size();
    segment.message = std::make_shared<const Message>(std::move(message));
    backlog_.push_back(std::move(segment));
    fill();
}

void TcpSender::send(Segment& segment) {
    ++sent_;
    segment.sent_at = nature_.agenda.now();
    wiring_.transmit(segment);
}

void TcpSender::fill() {
    while (!backlog_.empty()) {
        const std::size_t size = backlog_.front().end - backlog_.front().begin;
        if (flight_bytes_ + size > window_) break;
        flight_.push_back(std::move(backlog_.front()));
        backlog_.pop_front();
        backlog_bytes_ -= size;
        flight_bytes_ += size;
        send(flight_.back());
    }
    if (!timer_) arm();
}

void TcpSender::measured(Duration round_trip) {
    const bool first = smoothed_ == Duration{};
    varies_by_ = first ? round_trip / 2 : (3 * varies_by_ + std::chrono::abs(smoothed_ - round_trip)) / 4;
    smoothed_ = first ? round_trip : (7 * smoothed_ + round_trip) / 8;
}

Duration TcpSender::rto() const {
    const bool known = smoothed_ != Duration{};
    const Duration once = known ? smoothed_ + std::max(rto_floor, 4 * varies_by_) : rto_first;
    return std::min(rto_ceiling, once * (1U << std::min(backoff_, 10U)));
}

void TcpSender::arm() {
    if (timer_) nature_.agenda.strike(*std::exchange(timer_, std::nullopt));
    if (flight_.empty() && backlog_.empty()) return;
    timer_ = nature_.agenda.after(rto(), [this] {
        timer_.reset();
        expired();
    });
}

void TcpSender::expired() {
    if (!wiring_.asleep()) {
        if (flight_.empty()) {
            Segment probe;
            probe.begin = probe.end = backlog_.front().begin;
            wiring_.transmit(probe);
        } else {
            if (++retransmits_ > tries) return wiring_.gave_up();
            recovering_ = true;
            ++resent_;
            send(flight_.front());
        }
        ++backoff_;
    }
    arm();
}

void TcpSender::acknowledged(const Ack& ack) {
    window_ = ack.window;
    bool advanced = false;
    while (!flight_.empty() && flight_.front().end <= ack.upto) {
        flight_bytes_ -= flight_.front().end - flight_.front().begin;
        flight_.pop_front();
        advanced = true;
    }
    if (advanced && ack.echo != Instant{}) measured(nature_.agenda.now() - ack.echo);
    const bool lost_one = ack.gap && !recovering_ && !flight_.empty();
    if (advanced || (flight_.empty() && window_ > 0)) retransmits_ = backoff_ = 0;
    if (advanced && std::exchange(recovering_, false)) {
        for (auto& segment : flight_) {  // go back N: what followed the lost one was dropped
            send(segment);
        }
    } else if (lost_one) {
        recovering_ = true;
        ++resent_;
        send(flight_.front());
    }
    if (advanced) arm();
    fill();
}

void TcpSender::clear() {
    flight_.clear();
    backlog_.clear();
    flight_bytes_ = backlog_bytes_ = 0;
    if (timer_) nature_.agenda.strike(*std::exchange(timer_, std::nullopt));
}

std::uint32_t TcpSender::segments_in_flight() const noexcept {
    std::size_t count = 0;
    for (const auto& segment : flight_) count += (segment.end - segment.begin + segment_size - 1) / segment_size;
    return static_cast<std::uint32_t>(count);
}

bool TcpReceiver::arrive(const Segment& segment) {
    if (segment.begin > next_) return false;
    const std::size_t size = segment.end - segment.begin;
    if (segment.begin < next_ || size == 0 || bytes_ + size > capacity) return true;
    next_ = segment.end;
    echo_ = segment.sent_at;
    bytes_ += size;
    inbox_.push_back(segment.message);
    return true;
}

Ack TcpReceiver::ack() const {
    Ack ack;
    ack.upto = next_;
    ack.window = capacity - bytes_;
    ack.echo = echo_;
    return ack;
}

std::shared_ptr<const Message> TcpReceiver::take() {
    if (inbox_.empty()) return nullptr;
    auto message = std::move(inbox_.front());
    inbox_.pop_front();
    bytes_ -= message->size();
    return message;
}

void TcpReceiver::clear() {
    inbox_.clear();
    bytes_ = 0;
}

}  // namespace vmc::sim
