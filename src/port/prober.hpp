// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <vm_connection/error.hpp>
#include <vm_connection/health.hpp>

#include "port/async.hpp"

namespace vmc::port {

/// What became of one bare TCP connect.
enum class PortAnswer {
    open,         ///< accepted, and closed again by us without a byte
    refused,      ///< RST: a kernel answered
    rejected,     ///< EHOSTUNREACH or similar within 500 ms: an ICMP rejection by a firewall or router
    no_neighbour, ///< the same errors after 1 s or more: nobody answers ARP on the local network
    silent,       ///< nothing until the deadline
    unknown,      ///< we could not even try (our own network is down, no descriptors)
};

struct PortReading {
    PortAnswer answer = PortAnswer::unknown;
    Duration took{};
    std::string detail;
};
struct PingReading {
    Answer answer = Answer::unknown;  ///< unknown when neither ping socket nor raw socket is allowed
    Duration round_trip{};
    std::string detail;
};

/// What can be known of our own side of the way to an address.
struct OwnReading {
    Answer network = Answer::unknown;  ///< our gateway answers a ping or an ARP request; no way there at all: fails
    bool on_link = false;              ///< the address is on a network of our own: no router in between
    std::string detail;
};

/// Questions to a host below SSH. One question, one answer, never later than its deadline.
class Prober {
public:
    virtual ~Prober() = default;

    /// Numeric addresses, best first. Off the loop thread.
    virtual Async<Result<std::vector<std::string>>> resolve(std::string host, Instant deadline) = 0;
    /// One ICMP echo.
    virtual Async<PingReading> ping(std::string address, Instant deadline) = 0;
    /// One connect. To port 22 it costs sshd an unauthenticated connection: see the etiquette of model/etiquette.hpp.
    virtual Async<PortReading> knock(std::string address, std::uint16_t port, Instant deadline) = 0;
    /// Asks our own gateway (where there is one on the way to the address), never the host.
    virtual Async<OwnReading> look_at_ourselves(std::string address, Instant deadline) = 0;
};

}  // namespace vmc::port
