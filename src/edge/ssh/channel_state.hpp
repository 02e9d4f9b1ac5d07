// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <libssh/callbacks.h>
#include <libssh/libssh.h>

#include <deque>
#include <optional>
#include <string>

#include "edge/os/bell.hpp"
#include "edge/ssh/handle.hpp"
#include "port/transport.hpp"

namespace vmc::edge {

/// One channel from our CHANNEL_OPEN until our CLOSE has gone out: the part that the session
/// drives. It outlives its face (Channel), because a channel must not be freed before its CLOSE
/// has left (trap L25: the server would keep the slot and count it against MaxSessions), and must
/// not be closed before it is confirmed (CLOSE would name the server's channel 0, somebody else's).
///
/// libssh's callbacks only write down what came (L12); step() acts, outside of them.
class ChannelState {
public:
    enum class Phase { opening, pty, exec, granted, closing, gone };

    ChannelState(const boost::asio::any_io_executor& loop, Handle& handle, std::string line, std::optional<Pty> pty,
                 bool* sent);
    ~ChannelState();
    ChannelState(const ChannelState&) = delete;
    ChannelState& operator=(const ChannelState&) = delete;

    /// Takes the next step that does not wait; each call may read up to 4 KiB from the socket.
    void step();
    /// There is something to ask for or to get rid of, and step() must be called after each read.
    [[nodiscard]] bool in_motion() const noexcept { return phase_ != Phase::granted && phase_ != Phase::gone; }
    [[nodiscard]] Phase phase() const noexcept { return phase_; }
    [[nodiscard]] ssh_channel raw() const noexcept { return raw_; }

    /// The face is gone: close as soon as that is possible. What still arrives is dropped.
    void abandon();
    /// The connection is gone, or has failed this channel for good.
    void lose(const Error& why);

    /// Set when the request was refused or the channel lost; `granted` otherwise.
    [[nodiscard]] const std::optional<Error>& failure() const noexcept { return failure_; }
    [[nodiscard]] bool settled() const noexcept { return failure_ || phase_ == Phase::granted; }

    [[nodiscard]] std::optional<port::ChannelEvent> take();
    [[nodiscard]] std::size_t waiting() const noexcept { return waiting_; }
    /// What the queue costs in memory: bytes and, for each event, its own size. The high-water
    /// mark counts this, so that a million one-byte pieces are not taken for one mebibyte.
    [[nodiscard]] std::size_t cost() const noexcept { return waiting_ + events_.size() * sizeof(port::ChannelEvent); }
    [[nodiscard]] bool closed_by_peer() const noexcept { return closed_by_peer_; }

    Bell changed;            ///< for the one reader, and before that for the one who asked
    Bell writable;           ///< for the one writer
    bool has_news = false;   ///< something came since the reader was last woken
    bool writer_waits = false;
    Instant patience = never;  ///< of the one who asked: woken then too

private:
    static int on_data(ssh_session, ssh_channel, void* data, std::uint32_t length, int is_stderr, void* self);
    static void on_eof(ssh_session, ssh_channel, void* self);
    static void on_close(ssh_session, ssh_channel, void* self);
    static void on_exit_status(ssh_session, ssh_channel, int status, void* self);
    static void on_exit_signal(ssh_session, ssh_channel, const char* name, int core, const char* message,
                               const char* language, void* self);

    void append(port::Stream stream, const char* bytes, std::size_t length);
    void push(port::ChannelEvent event);
    void refused(Stage stage);
    template <class Call>
    int ask(Call call);
    void step_open();
    void step_pty();
    void step_exec();
    void step_close();
    void free();

    Handle* handle_;  // none once lost
    ssh_channel raw_;
    ssh_channel_callbacks_struct callbacks_{};
    Phase phase_ = Phase::opening;
    std::string line_;
    std::optional<Pty> pty_;
    bool* sent_;
    bool asked_ = false;  // the present phase's request has been made
    bool abandoned_ = false;
    bool closed_by_peer_ = false;
    std::optional<Error> failure_;
    std::deque<port::ChannelEvent> events_;
    std::size_t waiting_ = 0;
    std::size_t last_piece_ = 0;
};

}  // namespace vmc::edge
