// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/any_io_executor.hpp>

#include "edge/os/off_loop.hpp"
#include "port/prober.hpp"
#include "port/random.hpp"

namespace vmc::edge {

/// Questions below SSH, asked with real sockets. One loop thread; dies before the loop.
class IpProber final : public port::Prober {
public:
    IpProber(boost::asio::any_io_executor loop, port::Random& random)
        : loop_(loop), random_(random), helpers_(std::move(loop)) {}

    Async<Result<std::vector<std::string>>> resolve(std::string host, Instant deadline) override;
    Async<port::PingReading> ping(std::string address, Instant deadline) override;
    Async<port::PortReading> knock(std::string address, std::uint16_t port, Instant deadline) override;
    Async<port::OwnReading> look_at_ourselves(std::string address, Instant deadline) override;

private:
    boost::asio::any_io_executor loop_;
    port::Random& random_;
    OffLoop helpers_;
};

}  // namespace vmc::edge
