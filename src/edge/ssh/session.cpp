// SPDX-License-Identifier: Apache-2.0
#include "edge/ssh/session.hpp"

#include "edge/os/system_clock.hpp"
#include "edge/os/tcp_reading.hpp"

namespace vmc::edge {

namespace {

/// Gives the channel back unless the caller has taken it over; also when the waiting task unwinds.
class Slot {
public:
    Slot(Wire& wire, std::shared_ptr<ChannelState> state) : wire_(wire), state_(std::move(state)) {}
    ~Slot() {
        if (state_) wire_.retire(state_);
    }
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;

    [[nodiscard]] ChannelState& operator*() const noexcept { return *state_; }
    [[nodiscard]] ChannelState* operator->() const noexcept { return state_.get(); }
    [[nodiscard]] std::shared_ptr<ChannelState> take() noexcept { return std::move(state_); }

private:
    Wire& wire_;
    std::shared_ptr<ChannelState> state_;
};

}  // namespace

SshSession::SshSession(std::shared_ptr<Wire> wire, port::SessionFacts facts, std::unique_ptr<ProxyProcess> proxy)
    : wire_(std::move(wire)), facts_(std::move(facts)), proxy_(std::move(proxy)) {}

Async<Result<std::unique_ptr<port::Channel>>> SshSession::exec(std::string line, std::optional<Pty> pty,
                                                               Instant deadline, bool* sent) {
    const auto wire = wire_;
    const Instant began = SystemClock::read();
    if (wire->ended()) {
        Error gone(Code::lost, Stage::channel, wire->ended()->message());
        co_return std::unexpected(std::move(gone).said(wire->ended()->peer_words()));
    }
    Slot slot(*wire, wire->open_channel(std::move(line), std::move(pty), sent));
    wire->remind(*slot, deadline);
    while (!slot->settled() && SystemClock::read() < deadline) co_await slot->changed.wait();
    if (slot->failure()) {
        Error why = *slot->failure();
        co_return std::unexpected(std::move(why).after(SystemClock::read() - began));
    }
    if (!slot->settled()) {
        const bool asked = slot->phase() == ChannelState::Phase::exec;
        Error late(Code::timed_out, asked ? Stage::request : Stage::channel,
                   asked ? "no answer to the exec request" : "no answer to the request for a channel");
        co_return std::unexpected(std::move(late).after(SystemClock::read() - began));
    }
    co_return std::make_unique<SshChannel>(wire, slot.take());
}

std::optional<port::TcpReading> SshSession::tcp() const {
    if (!wire_->on_network() || wire_->ended()) return std::nullopt;
    return read_tcp(wire_->fd());
}

Async<Error> SshSession::ended() {
    const auto wire = wire_;
    while (!wire->ended()) co_await wire->ending.wait();
    co_return *wire->ended();
}

Async<void> SshSession::close(Instant deadline) {
    const auto wire = wire_;
    co_await wire->finish(deadline);
}

void SshSession::abort() {
    wire_->end(Error(Code::cancelled, Stage::command, "we ended the connection"), true);
    proxy_.reset();
}

}  // namespace vmc::edge
