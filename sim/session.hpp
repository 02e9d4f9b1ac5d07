// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "port/transport.hpp"
#include "sim/session_core.hpp"

namespace vmc::sim {

class SimChannel final : public port::Channel {
public:
    SimChannel(std::shared_ptr<SessionCore> session, std::shared_ptr<ChannelCore> channel)
        : session_(std::move(session)), channel_(std::move(channel)) {}
    ~SimChannel() override { session_->abandon(*channel_); }

    Async<Result<port::ChannelEvent>> next() override { return next_of(session_, channel_); }
    Async<Result<void>> write(std::string bytes) override { return write_to(session_, channel_, std::move(bytes)); }
    Async<Result<void>> send_eof() override;
    void send_signal(std::string name) override;
    void resize(int columns, int rows) override;
    [[nodiscard]] std::size_t waiting() const override { return channel_->waiting; }

private:
    using Shared = std::shared_ptr<SessionCore>;
    using Mine = std::shared_ptr<ChannelCore>;
    static Async<Result<port::ChannelEvent>> next_of(Shared session, Mine channel);
    static Async<Result<void>> write_to(Shared session, Mine channel, std::string bytes);

    Shared session_;
    Mine channel_;
};

/// port::Session in virtual time.
class SimSession final : public port::Session {
public:
    SimSession(std::shared_ptr<SessionCore> core, port::SessionFacts facts, bool through_proxy)
        : core_(std::move(core)), facts_(std::move(facts)), through_proxy_(through_proxy) {}
    ~SimSession() override;

    [[nodiscard]] const port::SessionFacts& facts() const override { return facts_; }
    Async<Result<std::unique_ptr<port::Channel>>> exec(std::string line, std::optional<Pty> pty, Instant deadline,
                                                       bool* sent) override {
        return exec_on(core_, std::move(line), std::move(pty), deadline, sent);
    }
    void send_keepalive() override { core_->say(Message(Say::keepalive)); }
    [[nodiscard]] std::uint64_t bytes_received() const override { return core_->bytes_received; }
    [[nodiscard]] Instant last_received() const override { return core_->last_received; }
    [[nodiscard]] bool paused() const override { return core_->paused(); }
    [[nodiscard]] std::optional<port::TcpReading> tcp() const override;
    [[nodiscard]] bool has_undelivered() const override { return core_->tcp().queued() > 0; }
    [[nodiscard]] bool alive() const override { return !core_->over(); }
    Async<Error> ended() override { return end_of(core_); }
    Async<void> close(Instant deadline) override { return core_->leave(deadline); }
    void abort() override;

private:
    using Shared = std::shared_ptr<SessionCore>;
    static Async<Result<std::unique_ptr<port::Channel>>> exec_on(Shared core, std::string line, std::optional<Pty> pty,
                                                                 Instant deadline, bool* sent);
    static Async<Error> end_of(Shared core);

    Shared core_;
    port::SessionFacts facts_;
    bool through_proxy_;
};

}  // namespace vmc::sim
