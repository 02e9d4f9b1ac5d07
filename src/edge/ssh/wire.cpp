// SPDX-License-Identifier: Apache-2.0
#include "edge/ssh/wire.hpp"

#include <fcntl.h>
#include <libssh/server.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/ensure.hpp"
#include "edge/os/system_clock.hpp"

namespace vmc::edge {

namespace asio = boost::asio;

namespace {

/// What one session may read before the others get their turn. libssh reads 4 KiB at a time.
constexpr std::uint64_t turn_budget = 256 * 1024;
constexpr std::uint64_t one_read = 4096;  // MAX_BUF_SIZE of libssh's priv.h
/// Above the first of these (for any channel) nothing is read from the socket any more, and TCP
/// slows the VM down; below the second (for all channels) reading goes on (L22).
constexpr std::size_t high_water = 1024 * 1024;
constexpr std::size_t low_water = 256 * 1024;

}  // namespace

/// A wait for readiness. Keeps the wire alive as long as it is pending; closing the descriptor ends it.
class Wire::OnReady {
public:
    OnReady(std::shared_ptr<Wire> wire, bool write) : wire_(std::move(wire)), write_(write) {}
    void operator()(const boost::system::error_code& failure) const { wire_->on_ready(write_, bool(failure)); }

private:
    std::shared_ptr<Wire> wire_;
    bool write_;
};

Wire::Wire(const asio::any_io_executor& loop, bool on_network)
    : ending(loop), loop_(loop), watch_(loop), handle_(std::make_shared<Handle>()), reminder_(loop), task_(loop),
      last_received_(SystemClock::read()), on_network_(on_network) {}

Result<std::shared_ptr<Wire>> Wire::over(const asio::any_io_executor& loop, Fd socket, bool on_network) {
    auto wire = std::make_shared<Wire>(loop, on_network);
    Fd twin(::fcntl(socket.get(), F_DUPFD_CLOEXEC, 0));
    boost::system::error_code failure;
    if (twin) wire->watch_.assign(twin.get(), failure);
    if (!twin || failure) return failed(Code::local, Stage::tcp, std::string("no descriptor: ") + std::strerror(errno));
    wire->fd_ = twin.release();
    const int given = socket.release();
    ensure(::ssh_options_set(wire->handle_->session(), SSH_OPTIONS_FD, &given) == SSH_OK, "libssh takes a socket");
    return wire;
}

Wire::~Wire() { end(Error(Code::cancelled, Stage::none, "the session was dropped"), true); }

// --- waiting ------------------------------------------------------------------------------------

void Wire::arm_read() {
    if (waits_read_ || paused_ || !watch_.is_open()) return;
    waits_read_ = true;
    watch_.async_wait(asio::posix::stream_descriptor::wait_read, OnReady(shared_from_this(), false));
}

void Wire::arm_write() {
    if (waits_write_ || !watch_.is_open()) return;
    waits_write_ = true;
    watch_.async_wait(asio::posix::stream_descriptor::wait_write, OnReady(shared_from_this(), true));
}

void Wire::on_ready(bool write, bool aborted) {
    (write ? waits_write_ : waits_read_) = false;
    if (aborted || why_) return;
    if (!begun_) return task_.notify();
    if (paused_ && !write) return;  // was armed before the pause; drained() arms it again
    pumping_ = true;
    pump();
    pumping_ = false;
    ring_woken();
}

Async<bool> Wire::ready(Instant deadline) {
    const bool writing = write_pending();
    arm_read();
    if (writing) arm_write();
    while (waits_read_ && (!writing || waits_write_)) {
        if (SystemClock::read() >= deadline) co_return false;
        co_await task_.wait(deadline);
    }
    co_return true;
}

bool Wire::has_input() const noexcept {
    int bytes = 0;
    return ::ioctl(fd_, FIONREAD, &bytes) == 0 && bytes > 0;
}

void Wire::stay_non_blocking() const noexcept {
    const int flags = ::fcntl(fd_, F_GETFL);
    if (flags >= 0 && !(flags & O_NONBLOCK)) ::fcntl(fd_, F_SETFL, flags | O_NONBLOCK);
}

// --- pumping ------------------------------------------------------------------------------------

void Wire::begin() {
    begun_ = true;
    handle_->watch();
    received_ = handle_->socket.in_bytes;
    settle();
}

bool Wire::broken() const noexcept {
    ssh_session session = handle_->session();
    return ::ssh_get_fd(session) < 0 || !::ssh_is_connected(session) ||
           (::ssh_get_status(session) & (SSH_CLOSED | SSH_CLOSED_ERROR)) != 0;
}

bool Wire::write_pending() const noexcept { return (::ssh_get_status(handle_->session()) & SSH_WRITE_PENDING) != 0; }

/// One read of at most 4 KiB and one write, if the socket allows them. False when the connection is gone.
bool Wire::turn() {
    bool polled = false;
    for (std::size_t i = 0; i < channels_.size(); ++i) {  // by index: step() may not add, but be sure
        if (!channels_[i]->in_motion()) continue;
        channels_[i]->step();
        polled = true;
    }
    if (polled) return !broken();
    return ::ssh_event_dopoll(handle_->event(), 0) != SSH_ERROR && !broken();
}

void Wire::pump() {
    std::uint64_t taken = 0;
    while (taken < turn_budget && !paused_) {
        const std::uint64_t before = handle_->socket.in_bytes;
        const std::uint64_t written = handle_->socket.out_bytes;
        if (!turn()) break;
        const std::uint64_t got = handle_->socket.in_bytes - before;
        taken += got;
        for (const auto& channel : channels_) paused_ = paused_ || channel->cost() >= high_water;
        const bool flushing = write_pending() && handle_->socket.out_bytes != written;
        if (got < one_read && !flushing) break;
    }
    // Paused, but what is already queued must go out; each such turn may read 4 KiB.
    if (paused_ && write_pending()) turn();
    settle();
}

void Wire::settle() {
    if (why_) return;
    if (handle_->socket.in_bytes != received_) {
        received_ = handle_->socket.in_bytes;
        last_received_ = SystemClock::read();
    }
    if (broken()) {
        const std::string words = words_of(handle_->session());
        return end(Error(Code::lost, Stage::command, words), true);
    }
    look_after();
    if (finishing_) task_.notify();
    if (write_pending()) arm_write();
    arm_read();
}

/// Wakes readers and writers, and forgets channels whose CLOSE has gone out.
void Wire::look_after() {
    const bool writable = takes_more();
    bool some_gone = false;
    for (const auto& channel : channels_) {
        if (std::exchange(channel->has_news, false)) {
            if (pumping_) woken_.push_back(channel);
            else channel->changed.ring();
        }
        if (channel->writer_waits && (writable || channel->closed_by_peer() || channel->failure())) {
            channel->writer_waits = false;
            channel->writable.ring();
        }
        paused_ = paused_ || channel->cost() >= high_water;
        some_gone = some_gone || channel->phase() == ChannelState::Phase::gone;
    }
    if (some_gone) {
        std::erase_if(channels_, [](const auto& one) { return one->phase() == ChannelState::Phase::gone; });
        drained();
    }
}

/// Readers are woken inside the handler that read for them, as its last act: a posted handler would
/// cost another turn of the loop for every packet.
void Wire::ring_woken() {
    const auto woken = std::exchange(woken_, {});
    for (const auto& channel : woken) channel->changed.ring_now();
}

void Wire::remind(ChannelState& channel, Instant when) {
    channel.patience = when;
    set_reminder(when);
}

void Wire::set_reminder(Instant when) {
    if (when >= reminder_at_ || why_) return;
    reminder_at_ = when;
    reminder_.expires_at(asio::steady_timer::time_point(when.time_since_epoch()));
    reminder_.async_wait([self = shared_from_this()](boost::system::error_code aborted) {
        if (!aborted) self->reminded();
    });
}

void Wire::reminded() {
    reminder_at_ = never;
    const Instant now = SystemClock::read();
    Instant next = never;
    for (const auto& channel : channels_) {
        if (channel->settled()) continue;
        if (channel->patience <= now) channel->changed.ring();
        else next = std::min(next, channel->patience);
    }
    set_reminder(next);
}

void Wire::drained() {
    if (!paused_ || why_) return;
    for (const auto& channel : channels_)
        if (channel->cost() > low_water) return;
    paused_ = false;
    arm_read();
}

// --- channels -----------------------------------------------------------------------------------

std::shared_ptr<ChannelState> Wire::open_channel(std::string line, std::optional<Pty> pty, bool* sent) {
    auto channel = std::make_shared<ChannelState>(loop_, *handle_, std::move(line), std::move(pty), sent);
    channels_.push_back(channel);
    channel->step();
    settle();
    return channel;
}

void Wire::retire(const std::shared_ptr<ChannelState>& channel) {
    channel->abandon();
    if (why_) return;
    channel->step();
    drained();
    settle();
}

void Wire::keepalive() {
    if (why_) return;
    const std::uint64_t before = handle_->packets.out_packets;
    ::ssh_send_keepalive(handle_->session());
    // L6: with the answer to the last one still unread, that call only took note of it; this one sends.
    if (handle_->packets.out_packets == before) ::ssh_send_keepalive(handle_->session());
    settle();
}

}  // namespace vmc::edge
