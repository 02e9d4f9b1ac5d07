// SPDX-License-Identifier: Apache-2.0
#include "sim/network.hpp"

namespace vmc::sim {

SimNetwork::SimNetwork(Nature& nature)
    : nature_(nature), nowhere_(std::make_unique<SimHost>(nature, "nowhere", "203.0.113.1")) {
    nowhere_->path.deaf = true;
}

SimHost& SimNetwork::host(const std::string& name) {
    if (SimHost* const known = find(name)) return *known;
    const auto number = hosts_.size() + 1;
    const std::string address = "192.0." + std::to_string(2 + number / 250) + "." + std::to_string(number % 250);
    return add(name, address);
}

SimHost& SimNetwork::add(const std::string& name, const std::string& address) {
    hosts_.push_back(std::make_unique<SimHost>(nature_, name, address));
    by_name_[name] = by_address_[address] = hosts_.back().get();
    return *hosts_.back();
}

SimHost& SimNetwork::gateway() {
    if (gateway_) return *gateway_;
    gateway_ = &add("gateway", "198.51.100.254");
    gateway_->path.local = true;
    gateway_->begin(Trouble::sshd_stopped);
    return *gateway_;
}

SimHost* SimNetwork::find(const std::string& name_or_address) {
    for (const auto* index : {&by_name_, &by_address_})
        if (const auto found = index->find(name_or_address); found != index->end()) return found->second;
    return nullptr;
}

std::shared_ptr<TcpConnection> SimNetwork::connection(const std::string& address, std::uint16_t port) {
    SimHost* const known = find(address);
    SimHost& host = known ? *known : *nowhere_;
    if (next_port_ < 40000) next_port_ = 40000;  // went round
    return std::make_shared<TcpConnection>(nature_, host.path, host, port, next_port_++);
}

void SimNetwork::drop(bool begins, bool gateway_too) {
    if (gateway_too) cuts_ += begins ? 1 : -1;
    cut_off_ += begins ? 1 : -1;
    for (const auto& host : hosts_) {
        if (host.get() == gateway_ && !gateway_too) continue;
        for (const Way way : {Way::out, Way::in}) begins ? host->path.begin_drop(way) : host->path.end_drop(way);
    }
}

void SimNetwork::begin_cut(bool carrier_lost) {
    carrier_lost_ = carrier_lost;
    nature_.story.tell("observer", "cut off");
    drop(true, true);
}

void SimNetwork::end_cut() {
    carrier_lost_ = false;
    nature_.story.tell("observer", "back on the network");
    drop(false, true);
}

void SimNetwork::begin_gateway_down() {
    gateway().power_off();
    drop(true, false);
}

void SimNetwork::end_gateway_down() {
    gateway().power_on();
    drop(false, false);
}

void SimNetwork::begin_uplink_cut() {
    nature_.story.tell("gateway", "its uplink is cut");
    drop(true, false);
}

void SimNetwork::end_uplink_cut() {
    nature_.story.tell("gateway", "its uplink is back");
    drop(false, false);
}

}  // namespace vmc::sim
