// SPDX-License-Identifier: Apache-2.0
#include "sim/session.hpp"

#include <algorithm>
#include <utility>

#include "flow/deadline.hpp"

namespace vmc::sim {

namespace {

constexpr std::size_t packet = 32 * 1024;

/// A channel that is being opened: given back unless it reaches its user.
class Opening {
public:
    explicit Opening(std::shared_ptr<SessionCore> session)
        : session_(std::move(session)), channel_(session_->open_channel()) {}
    Opening(const Opening&) = delete;
    ~Opening() {
        if (channel_) session_->abandon(*channel_);
    }
    [[nodiscard]] ChannelCore& channel() { return *channel_; }
    std::unique_ptr<port::Channel> hand_over() {
        return std::make_unique<SimChannel>(session_, std::exchange(channel_, nullptr));
    }

private:
    std::shared_ptr<SessionCore> session_;
    std::shared_ptr<ChannelCore> channel_;
};

/// Until the server has said what becomes of it; fails when the connection or the time is over.
Async<Result<void>> leaves_phase(SessionCore& session, ChannelCore& channel, ChannelCore::Phase phase, Stage stage,
                                 Instant deadline) {
    while (channel.phase == phase) {
        if (session.over()) co_return failed(session.over()->code(), stage, session.over()->message());
        auto woken = channel.changed.wait();
        const bool in_time = co_await flow::finishes(session.clock(), deadline, std::move(woken));
        if (!in_time) co_return failed(Code::timed_out, stage, "no answer from the server");
    }
    co_return Result<void>{};
}

Result<void> obstacle(const SessionCore& session, const ChannelCore& channel) {
    if (session.over()) return std::unexpected(*session.over());
    if (channel.close_received) return failed(Code::bad_request, Stage::command, "the channel has closed");
    if (channel.eof_sent) return failed(Code::bad_request, Stage::command, "cannot write: end of file was sent");
    return {};
}

}  // namespace

Async<Result<port::ChannelEvent>> SimChannel::next_of(Shared session, Mine channel) {
    while (channel->events.empty()) {
        if (channel->close_received)
            co_return failed(Code::bad_request, Stage::command, "asked for an event after the channel had closed");
        if (session->over()) co_return std::unexpected(*session->over());
        co_await channel->changed.wait();
    }
    co_return session->take(*channel);
}

Async<Result<void>> SimChannel::write_to(Shared session, Mine channel, std::string bytes) {
    std::size_t done = 0;
    while (done < bytes.size()) {
        auto clear = obstacle(*session, *channel);
        if (!clear) co_return clear;
        const std::size_t piece = std::min(packet, bytes.size() - done);
        if (!session->writable(piece, *channel)) {
            co_await channel->changed.wait();
            continue;
        }
        channel->remote_window -= piece;
        session->say(Message(Say::data, channel->id, bytes.substr(done, piece)));
        done += piece;
    }
    co_return Result<void>{};
}

Async<Result<void>> SimChannel::send_eof() {
    const auto clear = obstacle(*session_, *channel_);
    if (clear) {
        channel_->eof_sent = true;
        session_->say(Message(Say::eof, channel_->id));
    }
    co_return clear;
}

void SimChannel::send_signal(std::string name) {
    if (!channel_->close_received) session_->say(Message(Say::signal, channel_->id, std::move(name)));
}

void SimChannel::resize(int columns, int rows) {
    session_->say(Message(Say::resize, channel_->id, std::to_string(columns) + "x" + std::to_string(rows)));
}

SimSession::~SimSession() { core_->shut(Error(Code::cancelled, Stage::none, "the session was dropped")); }

void SimSession::abort() { core_->shut(Error(Code::cancelled, Stage::command, "we ended the connection")); }

std::optional<port::TcpReading> SimSession::tcp() const {
    if (through_proxy_) return std::nullopt;
    return core_->tcp().reading();
}

Async<Error> SimSession::end_of(Shared core) {
    while (!core->over()) co_await core->changed.wait();
    co_return *core->over();
}

Async<Result<std::unique_ptr<port::Channel>>> SimSession::exec_on(Shared core, std::string line, std::optional<Pty> pty,
                                                                  Instant deadline, bool* sent) {
    using Phase = ChannelCore::Phase;
    if (core->over()) co_return failed(core->over()->code(), Stage::channel, core->over()->message());
    Opening opening(core);
    ChannelCore& channel = opening.channel();
    auto opened = co_await leaves_phase(*core, channel, Phase::asked, Stage::channel, deadline);
    if (!opened) co_return std::unexpected(opened.error());
    if (channel.phase == Phase::refused) {
        Error refused(Code::channel_refused, Stage::channel, "the server opens no more channels");
        co_return std::unexpected(std::move(refused).said(channel.refusal));
    }
    if (pty) core->say(Message(Say::pty, channel.id, pty->term));
    core->say(Message(Say::exec, channel.id, std::move(line)));
    if (sent) *sent = true;
    channel.phase = Phase::requested;
    auto answered = co_await leaves_phase(*core, channel, Phase::requested, Stage::request, deadline);
    if (!answered) co_return std::unexpected(answered.error());
    if (channel.phase == Phase::denied)
        co_return failed(Code::channel_refused, Stage::request, "the server refused the exec request");
    co_return opening.hand_over();
}

}  // namespace vmc::sim
