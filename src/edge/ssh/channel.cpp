// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "edge/ssh/session.hpp"

namespace vmc::edge {

namespace {
/// Handed to libssh at a time: two of OpenSSH's largest packets. It would take up to the remote
/// window (2 MiB) into memory, and a keepalive would have to queue behind all of it (L30).
constexpr std::size_t one_write = 64 * 1024;
}  // namespace

Async<Result<port::ChannelEvent>> SshChannel::next() {
    for (;;) {
        if (auto event = state_->take()) {
            wire_->drained();
            co_return std::move(*event);
        }
        if (state_->failure()) co_return std::unexpected(*state_->failure());
        if (state_->closed_by_peer())
            co_return failed(Code::bad_request, Stage::command, "asked for an event after the channel had closed");
        co_await state_->changed.wait();
    }
}

std::optional<Error> SshChannel::obstacle() const {
    if (state_->failure()) return state_->failure();
    if (state_->closed_by_peer()) return Error(Code::bad_request, Stage::command, "the channel has closed");
    return std::nullopt;
}

Async<Result<void>> SshChannel::wait_writable() {
    while (!obstacle() && !wire_->takes_more()) {
        state_->writer_waits = true;
        co_await state_->writable.wait();
    }
    if (auto why = obstacle()) co_return std::unexpected(std::move(*why));
    co_return Result<void>();
}

Async<Result<void>> SshChannel::write(std::string bytes) {
    std::size_t done = 0;
    while (done < bytes.size()) {
        auto ready = co_await wait_writable();
        if (!ready) co_return ready;
        const std::size_t piece = std::min(one_write, bytes.size() - done);
        const int taken = ::ssh_channel_write(state_->raw(), bytes.data() + done, static_cast<std::uint32_t>(piece));
        wire_->settle();
        if (taken > 0) done += static_cast<std::size_t>(taken);
        if (taken > 0 || done == bytes.size() || obstacle()) continue;
        if (taken < 0) co_return failed(Code::bad_request, Stage::command, "cannot write: end of file was sent");
        // The remote window is full, or keys are being exchanged (L21): the next packet may change that.
        state_->writer_waits = true;
        co_await state_->writable.wait();
    }
    co_return Result<void>();
}

Async<Result<void>> SshChannel::send_eof() {
    auto ready = co_await wait_writable();
    if (!ready) co_return ready;
    const auto handle = wire_->handle();
    {
        const Handing handing(*handle);
        ::ssh_channel_send_eof(state_->raw());
    }
    wire_->settle();
    co_return Result<void>();
}

void SshChannel::send_signal(std::string name) {
    if (obstacle()) return;
    const auto handle = wire_->handle();
    {
        const Handing handing(*handle);
        ::ssh_channel_request_send_signal(state_->raw(), name.c_str());
    }
    wire_->settle();
}

void SshChannel::resize(int columns, int rows) {
    if (obstacle()) return;
    const auto handle = wire_->handle();
    {
        const Handing handing(*handle);
        ::ssh_channel_change_pty_size(state_->raw(), columns, rows);
    }
    wire_->settle();
}

}  // namespace vmc::edge
