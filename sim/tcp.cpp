// SPDX-License-Identifier: Apache-2.0
#include "sim/tcp.hpp"

#include <algorithm>
#include <utility>

namespace vmc::sim {

using std::chrono::seconds;

namespace {

constexpr std::size_t bare_packet = 40;  // IP and TCP headers
constexpr int syn_tries = 6;             // net.ipv4.tcp_syn_retries
constexpr Duration arp_gives_up = seconds(3);
constexpr Duration keepalive_gives_up = seconds(75);

}  // namespace

std::string_view words(Ending ending) noexcept {
    switch (ending) {
        case Ending::fin: return "closed by the server";
        case Ending::reset: return "Connection reset by peer";
        case Ending::timed_out: return "Connection timed out";
        case Ending::refused: return "Connection refused";
        case Ending::rejected:
        case Ending::no_neighbour: return "No route to host";
    }
    return "";
}

TcpEnd::TcpEnd(TcpConnection& connection, Way speaks)
    : connection_(connection), speaks_(speaks), sender_(connection.nature, *this) {}

void TcpEnd::establish(std::optional<Duration> handshake) {
    state_ = State::open;
    if (handshake) sender_.measured(*handshake);
    last_ack_ = last_data_ = connection_.nature.agenda.now();
}

void TcpEnd::send(Message message) {
    if (state_ == State::open) sender_.push(std::move(message));
}

void TcpEnd::abort() {
    if (state_ == State::open || state_ == State::half) send_reset();
    vanish();
}

void TcpEnd::vanish() {
    state_ = State::gone;
    user_ = nullptr;
    sender_.clear();
    receiver_.clear();
}

void TcpEnd::end(Ending ending) {
    TcpUser* const user = user_;
    vanish();
    if (user) user->ended(ending);
}

void TcpEnd::reset(Ending as) {
    if (state_ == State::gone || state_ == State::draining) return;
    if (!held_ || receiver_.waiting() == 0) return end(as);
    state_ = State::draining;
    sender_.clear();
}

void TcpEnd::probe() {
    if (state_ != State::open) return;
    if (connection_.nature.agenda.now() - std::max(last_ack_, last_data_) >= keepalive_gives_up)
        return end(Ending::timed_out);
    transmit(Segment{});
}

void TcpEnd::hold(bool on) {
    if (std::exchange(held_, on) == on || on || (state_ != State::open && state_ != State::draining)) return;
    const auto self = connection_.shared_from_this();
    const bool stood = receiver_.waiting() > 0;
    deliver();
    if (stood && state_ == State::open) send_ack();
    if (!held_ && state_ == State::draining) end(Ending::reset);
}

void TcpEnd::deliver() {
    while (!held_ && user_ && (state_ == State::open || state_ == State::draining)) {
        const auto message = receiver_.take();
        if (!message) return;
        if (message->say == Say::fin) {
            user_->ended(Ending::fin);
        } else {
            user_->received(*message);
        }
    }
}

void TcpEnd::segment_arrived(const Segment& segment) {
    if (state_ == State::gone || state_ == State::draining) return send_reset();
    last_data_ = connection_.nature.agenda.now();
    received_ += segment.end - segment.begin;
    const bool in_order = receiver_.arrive(segment);
    deliver();
    if (state_ == State::open) send_ack(!in_order);
}

void TcpEnd::ack_arrived(const Ack& ack) {
    if (state_ != State::open) return;
    last_ack_ = connection_.nature.agenda.now();
    const std::size_t before = sender_.outstanding();
    sender_.acknowledged(ack);
    if (user_ && sender_.outstanding() < before) user_->room();
}

void TcpEnd::transmit(const Segment& segment) {
    connection_.carry(speaks_, bare_packet + (segment.end - segment.begin),
                      [self = connection_.shared_from_this(), this, segment] {
                          if (this == &self->client) self->server_hears_client();
                          self->other(*this).segment_arrived(segment);
                      });
}

void TcpEnd::send_ack(bool gap) {
    Ack ack = receiver_.ack();
    ack.gap = gap;
    connection_.carry(speaks_, bare_packet,
                      [self = connection_.shared_from_this(), this, ack] { self->other(*this).ack_arrived(ack); });
}

void TcpEnd::send_reset() {
    connection_.carry(speaks_, bare_packet,
                      [self = connection_.shared_from_this(), this] { self->other(*this).reset(); });
}

bool TcpEnd::asleep() const { return speaks_ == Way::in && connection_.path.deaf; }

port::TcpReading TcpEnd::reading() const {
    const Instant now = connection_.nature.agenda.now();
    port::TcpReading reading;
    reading.unacked = sender_.segments_in_flight();
    reading.retransmits = sender_.retransmits();
    reading.backoff = sender_.backoff();
    reading.segments_sent = sender_.sent_in_all();
    reading.segments_resent = sender_.resent_in_all();
    reading.unsent_bytes = sender_.unsent();
    reading.outstanding_bytes = sender_.outstanding();
    reading.since_data_received = now - last_data_;
    reading.since_ack_received = now - last_ack_;
    reading.round_trip = sender_.round_trip();
    return reading;
}

TcpConnection::TcpConnection(Nature& n, Path& p, Machine& machine, std::uint16_t server, std::uint16_t client_side)
    : nature(n), path(p), server_port(server), client_port(client_side), client(*this, Way::out),
      server(*this, Way::in), machine_(machine) {}

/// What belongs to a connection that a NAT has forgotten never arrives.
void TcpConnection::carry(Way way, std::size_t bytes, std::move_only_function<void()> arrive) {
    if (nat_table_ == path.nat_table()) return path.carry(way, packet(bytes), std::move(arrive));
    if (way == Way::in || !path.resets_forgotten()) return;
    path.carry(Way::in, packet(bare_packet), [self = shared_from_this()] { self->client.reset(); });
}

void TcpConnection::dial() {
    send_syn(0);
    if (!path.local) return;
    nature.agenda.after(arp_gives_up, [self = shared_from_this()] {
        const bool heard = self->path.passes(Way::out) && self->path.passes(Way::in);
        const bool nobody = !heard && self->client.state_ == TcpEnd::State::opening;
        if (nobody) self->client.end(Ending::no_neighbour);
    });
}

void TcpConnection::knock() {
    acknowledges_ = false;
    dial();
}

void TcpConnection::send_syn(int attempt) {
    if (client.state_ != TcpEnd::State::opening) return;
    if (attempt > syn_tries) return client.end(Ending::timed_out);
    ++syns_;
    nat_table_ = path.nat_table();  // a SYN makes a new entry
    last_syn_ = nature.agenda.now();
    path.carry(Way::out, packet(bare_packet), [self = shared_from_this()] { self->syn_arrived(); });
    if (path.unroutable) nature.agenda.after(path.latency, [self = shared_from_this()] { self->turned_back(); });
    nature.agenda.after(seconds(1 << attempt), [weak = weak_from_this(), attempt] {
        if (const auto self = weak.lock()) self->send_syn(attempt + 1);
    });
}

/// ICMP "host unreachable" from half way.
void TcpConnection::turned_back() {
    if (client.state_ == TcpEnd::State::opening) client.end(Ending::rejected);
}

void TcpConnection::syn_arrived() {
    if (server.state_ == TcpEnd::State::half || server.state_ == TcpEnd::State::open) return send_syn_ack();
    switch (machine_.syn(server_port)) {
        case Machine::SynAnswer::ignore: return;
        case Machine::SynAnswer::accept: server.state_ = TcpEnd::State::half; return send_syn_ack();
        case Machine::SynAnswer::refuse:
        case Machine::SynAnswer::reject: break;
    }
    const Ending ending = machine_.syn(server_port) == Machine::SynAnswer::refuse ? Ending::refused : Ending::rejected;
    path.carry(Way::in, packet(bare_packet), [self = shared_from_this(), ending] {
        if (self->client.state_ == TcpEnd::State::opening) self->client.end(ending);
    });
}

void TcpConnection::send_syn_ack() {
    last_syn_ack_ = nature.agenda.now();
    path.carry(Way::in, packet(bare_packet), [self = shared_from_this()] { self->syn_ack_arrived(); });
}

void TcpConnection::syn_ack_arrived() {
    if (client.state_ == TcpEnd::State::gone) return client.send_reset();
    const bool first = client.state_ == TcpEnd::State::opening;
    const Duration round_trip = nature.agenda.now() - last_syn_;
    if (first) client.establish(syns_ == 1 ? std::optional(round_trip) : std::nullopt);
    if (acknowledges_)
        path.carry(Way::out, packet(bare_packet), [self = shared_from_this()] { self->server_hears_client(); });
    if (first && client.user_) client.user_->connected();
}

void TcpConnection::server_hears_client() {
    if (server.state_ != TcpEnd::State::half) return;
    server.establish(nature.agenda.now() - last_syn_ack_);
    machine_.accepted(shared_from_this());
}

}  // namespace vmc::sim
