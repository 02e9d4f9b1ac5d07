// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <vm_connection/error.hpp>

#include "edge/os/alarm.hpp"
#include "edge/os/fd.hpp"
#include "edge/ssh/channel_state.hpp"
#include "edge/ssh/handle.hpp"
#include "flow/event.hpp"

namespace vmc::edge {

/// A connected socket with a libssh session on it: waits for it, pumps it, counts it, ends it.
/// Used in two phases: first the connecting task asks for ready() between its own libssh calls;
/// after begin() the wire pumps itself whenever the socket is ready.
///
/// Owned by Session, its channels and its own pending waits together; one loop thread. Nobody is
/// resumed inside a pump: notifications are posted, so user code never runs under libssh.
class Wire : public std::enable_shared_from_this<Wire> {
public:
    /// Takes the socket: libssh gets `socket`, we wait on a dup of it. `on_network`: it is a TCP
    /// socket, and what TCP says of it is worth asking. Fails for want of descriptors.
    static Result<std::shared_ptr<Wire>> over(const boost::asio::any_io_executor& loop, Fd socket, bool on_network);
    Wire(const boost::asio::any_io_executor& loop, bool on_network);  // use over()
    ~Wire();

    // --- while connecting -------------------------------------------------------------------
    /// Waits until the socket may be read (or written, where libssh has something to write).
    /// False when `deadline` came first.
    Async<bool> ready(Instant deadline);
    /// Bytes of the peer lie in the socket.
    [[nodiscard]] bool has_input() const noexcept;
    /// libssh makes the socket blocking in its first steps (L1): to be called after each of them.
    void stay_non_blocking() const noexcept;
    [[nodiscard]] const std::shared_ptr<Handle>& handle() const noexcept { return handle_; }
    [[nodiscard]] int fd() const noexcept { return fd_; }

    // --- once authenticated -----------------------------------------------------------------
    void begin();
    std::shared_ptr<ChannelState> open_channel(std::string line, std::optional<Pty> pty, bool* sent);
    /// The face of this channel is gone; its slot is given back in the background.
    void retire(const std::shared_ptr<ChannelState>& channel);
    /// After any libssh call from outside the pump: wakes whom it concerns, waits for what it needs.
    void settle();
    /// Wakes the one who asked for `channel` at `when`, should there be no answer by then. The timer is
    /// the session's and stays armed, so that a thousand commands do not set it a thousand times.
    void remind(ChannelState& channel, Instant when);
    /// A reader took something: reading goes on when all queues are below the low-water mark.
    void drained();
    void keepalive();

    /// May libssh be given more to write now (L30)?
    [[nodiscard]] bool takes_more() const noexcept;
    [[nodiscard]] bool has_undelivered() const noexcept;

    /// Sends what is queued, then DISCONNECT, then closes; at `deadline` it ends it with a reset instead.
    Async<void> finish(Instant deadline);
    /// Ends the connection: `reset` lets nothing undelivered be delivered (RST), else an ordinary close.
    void end(Error why, bool reset);
    [[nodiscard]] const std::optional<Error>& ended() const noexcept { return why_; }
    [[nodiscard]] bool paused() const noexcept { return paused_; }
    [[nodiscard]] bool on_network() const noexcept { return on_network_; }
    [[nodiscard]] std::uint64_t bytes_received() const noexcept { return received_; }
    [[nodiscard]] Instant last_received() const noexcept { return last_received_; }
    [[nodiscard]] const boost::asio::any_io_executor& loop() const noexcept { return loop_; }

    flow::Event ending;  ///< notified once, when the connection has ended

private:
    class OnReady;
    void arm_read();
    void arm_write();
    void on_ready(bool write, bool aborted);
    void pump();
    bool turn();
    [[nodiscard]] bool broken() const noexcept;
    [[nodiscard]] bool write_pending() const noexcept;
    void look_after();
    void ring_woken();
    void set_reminder(Instant when);
    void reminded();
    void say_goodbye();

    boost::asio::any_io_executor loop_;
    boost::asio::posix::stream_descriptor watch_;
    std::shared_ptr<Handle> handle_;
    boost::asio::steady_timer reminder_;
    Instant reminder_at_ = never;
    Alarm task_;  // for the task that connects or, later, the one that closes
    std::vector<std::shared_ptr<ChannelState>> channels_;
    std::vector<std::shared_ptr<ChannelState>> woken_;  // while a pump runs: to be rung at its end
    std::optional<Error> why_;
    std::uint64_t received_ = 0;
    Instant last_received_{};
    int fd_ = -1;  // of watch_
    bool on_network_;
    bool begun_ = false;
    bool finishing_ = false;
    bool paused_ = false;
    bool pumping_ = false;
    bool waits_read_ = false;
    bool waits_write_ = false;
};

}  // namespace vmc::edge
