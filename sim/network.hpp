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

    /// An attempt that has not begun: attach a user to its client end, then dial().
    /// An address nobody has leads to silence.
    std::shared_ptr<TcpConnection> connection(const std::string& address, std::uint16_t port);

    /// Our own cable: every machine is cut off at once.
    void begin_cut();
    void end_cut();

    bool names_answer = true;  ///< false: the resolver is silent

private:
    Nature& nature_;
    std::vector<std::unique_ptr<SimHost>> hosts_;
    std::map<std::string, SimHost*> by_name_;
    std::map<std::string, SimHost*> by_address_;
    std::unique_ptr<SimHost> nowhere_;
    std::uint16_t next_port_ = 40000;
};

}  // namespace vmc::sim
