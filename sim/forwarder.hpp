// SPDX-License-Identifier: Apache-2.0
// A box that ends our TCP connections and carries what is said on to a machine behind it, as
// QEMU's hostfwd and a container's port publish do. It acknowledges for itself: a dead or
// paused machine looks like one whose programs are frozen.
#pragma once

#include <memory>
#include <vector>

#include "sim/tcp.hpp"

namespace vmc::sim {

class SimHost;

class Forwarder {
public:
    explicit Forwarder(SimHost& host) : host_(host) {}
    Forwarder(const Forwarder&) = delete;

    /// A newcomer. Handed on to sshd, dropped where nobody listens, kept while the machine does not answer.
    void accept(std::shared_ptr<TcpConnection> tcp);
    /// Its machine has died and knows nothing of it any more: reset when it lives again and is spoken to.
    void strand(std::shared_ptr<TcpConnection> tcp);
    /// The machine has changed: looks after those who wait.
    void tend();

private:
    class Stranded final : public TcpUser {
    public:
        explicit Stranded(std::shared_ptr<TcpConnection> tcp);
        ~Stranded() override { tcp_->server.attach(nullptr); }
        Stranded(const Stranded&) = delete;
        void hold(bool on) { tcp_->server.hold(on); }
        void received(const Message&) override { tcp_->server.abort(); }
        void ended(Ending) override {}

    private:
        std::shared_ptr<TcpConnection> tcp_;
    };
    class Waiting {
    public:
        std::shared_ptr<TcpConnection> tcp;
        Instant until;
    };
    [[nodiscard]] bool answers() const;
    void hand_over(std::shared_ptr<TcpConnection> tcp);

    SimHost& host_;
    std::vector<Waiting> waiting_;
    std::vector<std::unique_ptr<Stranded>> stranded_;
};

}  // namespace vmc::sim
