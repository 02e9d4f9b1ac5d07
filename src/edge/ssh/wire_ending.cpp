// SPDX-License-Identifier: Apache-2.0
// What a session still holds of ours, and how it lets go of it.
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "edge/os/dial.hpp"
#include "edge/os/system_clock.hpp"
#include "edge/os/tcp_reading.hpp"
#include "edge/ssh/wire.hpp"

namespace vmc::edge {

bool Wire::takes_more() const noexcept { return !why_ && !paused_ && !write_pending(); }

bool Wire::has_undelivered() const noexcept {
    if (why_) return false;
    if (write_pending() || handle_->packets.out_packets < handle_->held_back_until) return true;
    return unacknowledged_bytes(fd_) > 0;
}

Async<void> Wire::finish(Instant deadline) {
    const auto self = shared_from_this();
    if (std::exchange(finishing_, true)) {
        while (!why_) co_await ending.wait();
        co_return;
    }
    while (!why_ && write_pending() && SystemClock::read() < deadline) co_await task_.wait(deadline);
    if (why_) co_return;
    const bool flushed = !write_pending();
    if (flushed) say_goodbye();
    end(Error(Code::cancelled, Stage::command, "we closed the connection"), !flushed);
}

void Wire::say_goodbye() {
    // DISCONNECT leaves only if libssh knows that it may write at once; a turn tells it.
    turn();
    if (broken()) return;
    for (const auto& channel : channels_)
        channel->lose(Error(Code::cancelled, Stage::command, "we closed the connection"));
    const int given = ::ssh_get_fd(handle_->session());
    ::ssh_disconnect(handle_->session());
    // After a clean disconnect libssh leaves our descriptor open, after a failed send it has closed it
    // (L10) and the number may be somebody else's by now: the socket's inode tells.
    struct stat theirs{};
    struct stat ours{};
    if (::fstat(given, &theirs) == 0 && ::fstat(fd_, &ours) == 0 && theirs.st_ino == ours.st_ino &&
        theirs.st_dev == ours.st_dev)
        ::close(given);
}

void Wire::end(Error why, bool reset) {
    if (why_) return;
    why_ = std::move(why);
    if (watch_.is_open()) {
        set_reset_on_close(fd_, reset);
        // A helper thread still holds the engine and with it the socket: closing our twin would not
        // end the connection, shutting it down does.
        if (handle_->lent) ::shutdown(fd_, SHUT_RDWR);
    }
    for (const auto& channel : channels_) {
        channel->lose(*why_);
        channel->changed.ring();
        channel->writable.ring();
    }
    channels_.clear();
    reminder_.cancel();
    handle_.reset();  // libssh closes its descriptor; a channel's face keeps only the queue
    boost::system::error_code ignored;
    watch_.close(ignored);
    ending.notify();
    task_.notify();
}

}  // namespace vmc::edge
