// SPDX-License-Identifier: Apache-2.0
#include "link/wire.hpp"

#include <algorithm>

#include "flow/deadline.hpp"

namespace vmc::link {

Wire::Wire(const Ports& ports, std::unique_ptr<port::Session> s, int n)
    : number(n), session(std::move(s)), changed(ports.executor), clock_(ports.clock) {}

bool Wire::usable() const {
    return !suspect_since && !ended && !other_boot && session->alive();
}

Async<void> Wire::await_end() {
    ended = co_await session->ended();
    changed.notify();
}

Place::Place(std::shared_ptr<Wire> wire, std::uint64_t id) : wire_(std::move(wire)), id_(id) {
    wire_->live.push_back(id_);
    wire_->changed.notify();
}

Place::~Place() {
    wire_->live.remove(id_);
    wire_->changed.notify();
}

std::size_t Place::index() const {
    return static_cast<std::size_t>(std::distance(wire_->live.begin(), std::ranges::find(wire_->live, id_)));
}

}  // namespace vmc::link
