// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/any_io_executor.hpp>

#include "port/clock.hpp"
#include "port/prober.hpp"
#include "sim/network.hpp"

namespace vmc::sim {

/// port::Prober over the simulated network.
class SimProber final : public port::Prober {
public:
    SimProber(SimNetwork& network, port::Clock& clock, boost::asio::any_io_executor executor)
        : network_(network), clock_(clock), executor_(std::move(executor)) {}

    Async<Result<std::vector<std::string>>> resolve(std::string host, Instant deadline) override;
    Async<port::PingReading> ping(std::string address, Instant deadline) override;
    Async<port::PortReading> knock(std::string address, std::uint16_t port, Instant deadline) override;
    Async<port::OwnReading> look_at_ourselves(std::string address, Instant deadline) override;

    bool may_ping = true;  ///< false: neither a ping socket nor a raw one is allowed

private:
    SimNetwork& network_;
    port::Clock& clock_;
    boost::asio::any_io_executor executor_;
};

}  // namespace vmc::sim
