// SPDX-License-Identifier: Apache-2.0
#include "sim/sshd.hpp"

#include <algorithm>

#include "sim/forwarder.hpp"
#include "sim/host.hpp"

namespace vmc::sim {

void Sshd::accept(std::shared_ptr<TcpConnection> tcp) {
    tidy();
    if (!host_.serves()) return tcp->server.abort();  // nobody listens any more when the third segment arrives
    ++accepted;
    connections_.push_back(std::make_unique<SshdConnection>(*this, host_, std::move(tcp)));
    most_under_way = std::max(most_under_way, under_way());
    if (!host_.thinks()) connections_.back()->freeze(true);
    thaw();
}

void Sshd::thaw() {
    if (!host_.thinks() || !host_.serves() || host_.suffers(Trouble::sshd_frozen)) return;
    for (; unserved_ > 0; --unserved_) host_.gatekeeper().met(Gatekeeper::Offence::noauth);
    for (std::size_t i = 0; i < connections_.size(); ++i)
        if (!connections_[i]->begun() && !connections_[i]->over()) connections_[i]->begin();
}

void Sshd::freeze_sessions(bool on) {
    for (std::size_t i = 0; i < connections_.size(); ++i) connections_[i]->freeze(on);
    if (!on) thaw();
}

void Sshd::kill_sessions() {
    for (const auto& connection : connections_) connection->kill();
}

void Sshd::reset_connections() {
    for (const auto& connection : connections_) connection->reset();
}

void Sshd::stop_listening() {
    for (const auto& connection : connections_)
        if (!connection->begun() && !connection->over()) connection->reset();
}

void Sshd::vanish() {
    if (host_.forwarded)
        for (const auto& connection : connections_)
            if (!connection->over()) host_.forwarder().strand(connection->let_go());
    connections_.clear();
    unserved_ = 0;
}

void Sshd::tidy() {
    std::erase_if(connections_, [](const auto& connection) { return connection->drained(); });
}

std::size_t Sshd::unauthenticated() const {
    return static_cast<std::size_t>(std::ranges::count_if(connections_, [](const auto& connection) {
        return connection->begun() && !connection->over() && !connection->authenticated();
    }));
}

std::size_t Sshd::under_way() const {
    return static_cast<std::size_t>(std::ranges::count_if(connections_, [](const auto& connection) {
        return !connection->over() && !connection->authenticated() && !connection->left_by_client();
    }));
}

std::size_t Sshd::sessions() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        connections_, [](const auto& connection) { return !connection->over() && connection->authenticated(); }));
}

}  // namespace vmc::sim
