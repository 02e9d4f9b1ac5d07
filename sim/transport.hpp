// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>

#include "port/clock.hpp"
#include "port/transport.hpp"
#include "sim/network.hpp"

namespace vmc::sim {

/// port::Transport over the simulated network. Its host keys are those of one user's known_hosts.
class SimTransport final : public port::Transport {
public:
    SimTransport(SimNetwork& network, port::Clock& clock, boost::asio::any_io_executor executor)
        : network_(network), clock_(clock), executor_(std::move(executor)) {}

    Async<Result<std::unique_ptr<port::Session>>> connect(const Target& target, Instant deadline,
                                                          port::ConnectWatcher* watcher = nullptr) override;

    /// By "host:port" or alias. Erase an entry for `vmc trust`.
    std::map<std::string, std::string> known_hosts;
    int attempts = 0;

private:
    SimNetwork& network_;
    port::Clock& clock_;
    boost::asio::any_io_executor executor_;
};

}  // namespace vmc::sim
