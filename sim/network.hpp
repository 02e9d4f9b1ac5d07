// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sim/host.hpp"
#include "sim/tcp.hpp"

namespace vmc::sim {

/// Machines around us, each at the end of a path of its own, and the names they are known by.
class SimNetwork {
public:
    explicit SimNetwork(Nature& nature);

    /// The machine of this name; made at first mention, up and running for 20 minutes.
    SimHost& host(const std::string& name);
    /// By name or address; nullptr for nobody.
    [[nodiscard]] SimHost* find(const std::string& name_or_address);
    /// A second name for a machine.
    void alias(const std::string& name, SimHost& host) { by_name_[name] = &host; }
    /// The resolver says that there is no such name.
    void forget_name(const std::string& name) { by_name_.erase(name); }

    /// An attempt that has not begun: attach a user to its client end, then dial().
    /// An address nobody has leads to silence.
    std::shared_ptr<TcpConnection> connection(const std::string& address, std::uint16_t port);

    /// The router on our own network, made at first mention: answers a ping while our cable is fine.
    SimHost& gateway();
    /// Our own cable, or the switch at its other end (which leaves a carrier): every machine is cut off at once, the
    /// gateway too.
    void begin_cut(bool carrier_lost = true);
    void end_cut();
    /// Ours, at the other end of our own cable.
    [[nodiscard]] bool gateway_answers() const { return cuts_ == 0 && (!gateway_ || gateway_->answers_ping()); }
    /// Somewhere between us and all machines.
    [[nodiscard]] bool is_cut_off() const { return cut_off_ > 0; }
    [[nodiscard]] bool has_carrier() const { return !carrier_lost_; }
    /// The gateway has no power: nobody is reached, and it does not answer either.
    void begin_gateway_down();
    void end_gateway_down();
    /// The line behind the gateway: it answers and leads nowhere.
    void begin_uplink_cut();
    void end_uplink_cut();

    bool names_answer = true;  ///< false: the resolver is silent

private:
    SimHost& add(const std::string& name, const std::string& address);
    void drop(bool begins, bool gateway_too);

    Nature& nature_;
    SimHost* gateway_ = nullptr;
    std::vector<std::unique_ptr<SimHost>> hosts_;
    std::map<std::string, SimHost*> by_name_;
    std::map<std::string, SimHost*> by_address_;
    std::unique_ptr<SimHost> nowhere_;
    std::uint16_t next_port_ = 40000;
    int cuts_ = 0;
    int cut_off_ = 0;  ///< those and the gateway's
    bool carrier_lost_ = false;
};

}  // namespace vmc::sim
