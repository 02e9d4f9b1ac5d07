// SPDX-License-Identifier: Apache-2.0
// One TCP connection between us (client) and a machine (server).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "port/transport.hpp"
#include "sim/path.hpp"
#include "sim/tcp_queue.hpp"
#include "sim/tcp_user.hpp"

namespace vmc::sim {

class TcpConnection;

class TcpEnd final : private TcpSender::Wiring {
public:
    TcpEnd(TcpConnection& connection, Way speaks);

    void attach(TcpUser* user) { user_ = user; }
    void send(Message message);
    /// FIN after all that is queued.
    void finish() { send(Message(Say::fin)); }
    /// SO_LINGER 0: RST now, what is queued is forgotten. The user is not called.
    void abort();
    /// Power is gone: not even an RST. The user is not called.
    void vanish();
    /// While held nobody reads: arriving messages fill the receive buffer until the window is shut.
    void hold(bool on);
    /// SO_KEEPALIVE: an empty segment, which the other kernel acknowledges or answers with RST. Nothing heard since
    /// several of them: it has ended.
    void probe();
    /// An RST arrives, from the peer or from a box in between.
    void reset(Ending as = Ending::reset);

    [[nodiscard]] bool open() const noexcept { return state_ == State::open; }
    [[nodiscard]] bool gone() const noexcept { return state_ == State::gone; }
    [[nodiscard]] std::size_t queued() const noexcept { return sender_.outstanding(); }
    [[nodiscard]] port::TcpReading reading() const;
    [[nodiscard]] std::uint64_t bytes_received() const noexcept { return received_; }
    [[nodiscard]] Instant last_received() const noexcept { return last_data_; }

private:
    friend class TcpConnection;
    /// draining: RST has come, and what arrived before it is still to be read, as on Linux.
    enum class State { opening, half, open, draining, gone };
    void establish(std::optional<Duration> handshake);
    void segment_arrived(const Segment& segment);
    void ack_arrived(const Ack& ack);
    void send_ack(bool gap = false);
    void send_reset();
    void deliver();
    void end(Ending ending);
    void transmit(const Segment& segment) override;
    void gave_up() override { end(Ending::timed_out); }
    [[nodiscard]] bool asleep() const override;

    TcpConnection& connection_;
    const Way speaks_;
    State state_ = State::opening;
    TcpUser* user_ = nullptr;
    bool held_ = false;
    std::uint64_t received_ = 0;
    Instant last_data_{};
    Instant last_ack_{};
    TcpSender sender_;
    TcpReceiver receiver_;
};

class TcpConnection : public std::enable_shared_from_this<TcpConnection> {
public:
    TcpConnection(Nature& nature, Path& path, Machine& machine, std::uint16_t server_port, std::uint16_t client_port);

    /// Sends SYN, again after 1, 3, 7, … s; the client end's user hears how it went.
    void dial();
    /// The same, and no ACK of what answers it: nothing is accepted there.
    void knock();

    Nature& nature;
    Path& path;
    const std::uint16_t server_port;
    const std::uint16_t client_port;
    TcpEnd client;
    TcpEnd server;

private:
    friend class TcpEnd;
    [[nodiscard]] Packet packet(std::size_t bytes) const { return {bytes, server_port}; }
    void carry(Way way, std::size_t bytes, std::move_only_function<void()> arrive);
    TcpEnd& other(const TcpEnd& end) { return &end == &client ? server : client; }
    void send_syn(int attempt);
    void syn_arrived();
    void turned_back();
    void send_syn_ack();
    void syn_ack_arrived();
    void server_hears_client();

    Machine& machine_;
    int nat_table_ = 0;
    int syns_ = 0;
    bool acknowledges_ = true;
    Instant last_syn_{};
    Instant last_syn_ack_{};
};

}  // namespace vmc::sim
