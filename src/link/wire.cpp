// SPDX-License-Identifier: Apache-2.0
#include "link/wire.hpp"

#include <algorithm>
#include <utility>

#include "flow/deadline.hpp"

namespace vmc::link {

Wire::Wire(const Ports& ports, std::unique_ptr<port::Session> s, int n)
    : number(n), session(std::move(s)), changed(ports.executor), clock_(ports.clock), look_(ports.executor) {}

bool Wire::usable() const { return !suspect_since && !ended && !other_boot && session->alive(); }

std::string Wire::own_view() const {
    const auto& f = session->facts();
    if (f.peer_address.empty()) return {};
    return f.local_address + " " + std::to_string(f.local_port) + " " + f.peer_address + " " +
           std::to_string(f.peer_port);
}

bool Wire::is_forwarded() const {
    return facts && !facts->ssh_connection.empty() && facts->ssh_connection != own_view();
}

namespace {

/// While commands run, a stream may begin at any moment; a stream that stops must be noticed.
constexpr Duration look_while_busy = std::chrono::seconds(1);
/// So long after the last command it still looks often: waking it for each of many short ones would cost
/// more than the looks.
constexpr Duration busy_for = std::chrono::seconds(3);

}  // namespace

model::Signs Wire::signs() const {
    model::Signs signs;
    signs.now = clock_.now();
    signs.last_received = session->last_received();
    signs.bytes_received = session->bytes_received();
    signs.paused = session->paused();
    if (const auto tcp = session->tcp()) signs.path = model::PathSigns{tcp->unacked, tcp->retransmits};
    return signs;
}

Async<void> Wire::watch(std::function<void(model::Liveness)> on_change) {
    model::LivenessWatch liveness(clock_.now());
    Instant busy_until{};
    while (!ended && session->alive()) {
        const auto judged = liveness.look(signs());
        if (judged.state == model::Liveness::send_keepalive) session->send_keepalive();
        if (model::is_suspect(judged.state) != suspect()) {
            if (suspect()) suspect_since.reset();
            else suspect_since = clock_.now();
            on_change(judged.state);
            changed.notify();
        }
        if (commands() > 0) busy_until = clock_.now() + busy_for;
        sleeps_long_ = clock_.now() >= busy_until;
        const Instant soon = sleeps_long_ ? never : clock_.now() + look_while_busy;
        co_await flow::finishes(clock_, std::min(judged.look_again, soon), look_.wait());
    }
}

void Wire::became_busy() {
    if (std::exchange(sleeps_long_, false)) look_.notify();
    if (!facts) changed.notify();  // who waits to ask who it is asks sooner
}

Async<void> Wire::await_end() {
    ended = co_await session->ended();
    changed.notify();
    look_.notify();
}

Place::Place(std::shared_ptr<Wire> wire, std::uint64_t id) : wire_(std::move(wire)), id_(id) {
    wire_->live.push_back(id_);
    wire_->became_busy();
}

Place::~Place() {
    wire_->live.remove(id_);
    wire_->changed.notify();
}

std::size_t Place::index() const {
    return static_cast<std::size_t>(std::distance(wire_->live.begin(), std::ranges::find(wire_->live, id_)));
}

}  // namespace vmc::link
