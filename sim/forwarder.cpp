// SPDX-License-Identifier: Apache-2.0
#include "sim/forwarder.hpp"

#include <utility>

#include "sim/host.hpp"
#include "sim/sshd.hpp"

namespace vmc::sim {

namespace {

constexpr Duration gives_up_after = std::chrono::seconds(75);  // slirp's TCPTV_KEEP_INIT

}  // namespace

Forwarder::Stranded::Stranded(std::shared_ptr<TcpConnection> tcp) : tcp_(std::move(tcp)) {
    tcp_->server.attach(this);
    tcp_->server.hold(true);
}

/// Somebody behind it answers SYN, be it by RST.
bool Forwarder::answers() const {
    return host_.up() && !host_.suffers(Trouble::paused) && !host_.suffers(Trouble::forwarder_mute);
}

void Forwarder::hand_over(std::shared_ptr<TcpConnection> tcp) {
    if (!host_.serves()) return tcp->server.abort();
    const auto connection = tcp;
    host_.sshd().accept(std::move(tcp));
    if (host_.thinks()) connection->server.hold(false);
}

void Forwarder::accept(std::shared_ptr<TcpConnection> tcp) {
    if (answers()) return hand_over(std::move(tcp));
    tcp->server.hold(true);
    const Instant until = host_.agenda().now() + gives_up_after;
    waiting_.push_back({std::move(tcp), until});
    host_.agenda().at(until, [this] { tend(); });
}

void Forwarder::strand(std::shared_ptr<TcpConnection> tcp) {
    stranded_.push_back(std::make_unique<Stranded>(std::move(tcp)));
    if (answers()) stranded_.back()->hold(false);
}

void Forwarder::tend() {
    const Instant now = host_.agenda().now();
    for (auto& [tcp, until] : std::exchange(waiting_, {})) {
        if (answers()) hand_over(std::move(tcp));
        else if (until <= now) tcp->server.abort();
        else waiting_.push_back({std::move(tcp), until});
    }
    for (const auto& stranded : stranded_) stranded->hold(!answers());
}

}  // namespace vmc::sim
