// SPDX-License-Identifier: Apache-2.0
// Our side of one SSH connection: what the engine keeps. Shared by the session, its channels and
// whoever waits, so that each of them may go first.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>

#include "flow/event.hpp"
#include "port/clock.hpp"
#include "port/transport.hpp"
#include "sim/tcp.hpp"

namespace vmc::sim {

class ChannelCore {
public:
    ChannelCore(const boost::asio::any_io_executor& executor, std::uint32_t number) : id(number), changed(executor) {}

    enum class Phase { asked, confirmed, refused, requested, granted, denied };
    const std::uint32_t id;
    Phase phase = Phase::asked;
    std::string refusal;
    std::deque<port::ChannelEvent> events;
    std::size_t waiting = 0;         ///< bytes in events
    std::uint64_t remote_window = 0;
    bool abandoned = false;          ///< nobody will read it; its slot is given back by CLOSE
    bool close_sent = false;
    bool close_received = false;
    bool eof_sent = false;
    flow::Event changed;
};

class SessionCore final : public TcpUser, public std::enable_shared_from_this<SessionCore> {
public:
    SessionCore(port::Clock& clock, boost::asio::any_io_executor executor, std::shared_ptr<TcpConnection> tcp);
    ~SessionCore() override;

    void say(Message message) { tcp_->client.send(std::move(message)); }
    /// While logging in: the next thing the server says; nothing when the connection or the time is over.
    Async<std::optional<Message>> hear(Instant deadline);
    void probe() { tcp_->client.probe(); }
    /// RST now; whoever waits hears `why`.
    void shut(Error why);
    /// DISCONNECT and FIN behind what is queued; cut short at the deadline.
    Async<void> leave(Instant deadline);

    std::shared_ptr<ChannelCore> open_channel();
    /// Its owner is gone.
    void abandon(ChannelCore& channel);
    /// The next event of a channel, with back-pressure; not when there is none.
    port::ChannelEvent take(ChannelCore& channel);
    [[nodiscard]] bool writable(std::size_t bytes, const ChannelCore& channel) const;

    [[nodiscard]] const std::optional<Error>& over() const noexcept { return over_; }
    [[nodiscard]] bool up() const noexcept { return tcp_->client.open(); }
    [[nodiscard]] const TcpEnd& tcp() const noexcept { return tcp_->client; }
    [[nodiscard]] const TcpConnection& connection() const noexcept { return *tcp_; }
    [[nodiscard]] port::Clock& clock() const noexcept { return clock_; }
    [[nodiscard]] bool paused() const noexcept { return paused_; }

    std::optional<Ending> how_it_ended;
    std::uint64_t bytes_received = 0;
    Instant last_received{};
    bool logged_in = false;
    flow::Event changed;  ///< it ended, there is room, or the server said something while logging in

    void connected() override;
    void received(const Message& message) override;
    void ended(Ending ending) override;
    void room() override;

private:
    void channel_message(const Message& message);
    void event(ChannelCore& channel, port::ChannelEvent what);
    void data(ChannelCore& channel, port::Stream stream, const std::string& bytes);
    void close(ChannelCore& channel);
    void mind_the_slow();
    void wake_all();

    port::Clock& clock_;
    boost::asio::any_io_executor executor_;
    std::shared_ptr<TcpConnection> tcp_;
    std::deque<Message> said_;
    std::map<std::uint32_t, std::shared_ptr<ChannelCore>> channels_;
    std::uint32_t next_channel_ = 0;
    std::optional<Error> over_;
    bool paused_ = false;
    bool leaving_ = false;
};

}  // namespace vmc::sim
