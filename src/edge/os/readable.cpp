// SPDX-License-Identifier: Apache-2.0
#include "edge/os/readable.hpp"

#include <utility>

#include <boost/asio/posix/stream_descriptor.hpp>

#include "edge/os/alarm.hpp"
#include "edge/os/system_clock.hpp"

namespace vmc::edge {

namespace asio = boost::asio;

/// Kept alive by the wait that is under way: one whose waiter was cancelled answers the next.
struct Readable::State : std::enable_shared_from_this<State> {
    explicit State(const asio::any_io_executor& loop) : descriptor(loop), changed(loop) {}

    void arm() {
        if (std::exchange(armed, true)) return;
        descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                              [self = shared_from_this()](boost::system::error_code failure) {
                                  self->armed = false;
                                  if (failure) return;
                                  self->ready = true;
                                  self->changed.notify();
                              });
    }

    asio::posix::stream_descriptor descriptor;
    Alarm changed;
    bool armed = false;
    bool ready = false;
};

Readable::Readable(const asio::any_io_executor& loop, Fd fd)
    : state_(std::make_shared<State>(loop)), fd_(fd.release()) {
    boost::system::error_code failure;
    state_->descriptor.assign(fd_, failure);
    if (failure) ::close(std::exchange(fd_, -1));
}

Readable::~Readable() {
    boost::system::error_code ignored;
    state_->descriptor.close(ignored);
}

Async<bool> Readable::wait(Instant until) {
    if (fd_ >= 0 && !state_->ready) state_->arm();
    while (!state_->ready && SystemClock::read() < until) co_await state_->changed.wait(until);
    co_return std::exchange(state_->ready, false);
}

}  // namespace vmc::edge
