// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "edge/ssh/proxy.hpp"
#include "edge/ssh/wire.hpp"
#include "port/transport.hpp"

namespace vmc::edge {

/// The face of a channel. Belongs to whoever runs the command; may outlive its session, and then
/// still delivers what had arrived.
class SshChannel final : public port::Channel {
public:
    SshChannel(std::shared_ptr<Wire> wire, std::shared_ptr<ChannelState> state)
        : wire_(std::move(wire)), state_(std::move(state)) {}
    ~SshChannel() override { wire_->retire(state_); }

    Async<Result<port::ChannelEvent>> next() override;
    Async<Result<void>> write(std::string bytes) override;
    Async<Result<void>> send_eof() override;
    void send_signal(std::string name) override;
    void resize(int columns, int rows) override;
    [[nodiscard]] std::size_t waiting() const override { return state_->waiting(); }

private:
    [[nodiscard]] std::optional<Error> obstacle() const;
    Async<Result<void>> wait_writable();

    std::shared_ptr<Wire> wire_;
    std::shared_ptr<ChannelState> state_;
};

/// The face of an authenticated connection; made by SshTransport::connect. Destroying it is abort().
class SshSession final : public port::Session {
public:
    SshSession(std::shared_ptr<Wire> wire, port::SessionFacts facts, std::unique_ptr<ProxyProcess> proxy);
    ~SshSession() override { abort(); }

    [[nodiscard]] const port::SessionFacts& facts() const override { return facts_; }
    Async<Result<std::unique_ptr<port::Channel>>> exec(std::string line, std::optional<Pty> pty, Instant deadline,
                                                       bool* sent) override;
    void send_keepalive() override { wire_->keepalive(); }
    [[nodiscard]] std::uint64_t bytes_received() const override { return wire_->bytes_received(); }
    [[nodiscard]] Instant last_received() const override { return wire_->last_received(); }
    [[nodiscard]] bool paused() const override { return wire_->paused(); }
    [[nodiscard]] std::optional<port::TcpReading> tcp() const override;
    [[nodiscard]] bool has_undelivered() const override { return wire_->has_undelivered(); }
    [[nodiscard]] bool alive() const override { return !wire_->ended(); }
    Async<Error> ended() override;
    Async<void> close(Instant deadline) override;
    void abort() override;

private:
    std::shared_ptr<Wire> wire_;
    port::SessionFacts facts_;
    std::unique_ptr<ProxyProcess> proxy_;
};

}  // namespace vmc::edge
