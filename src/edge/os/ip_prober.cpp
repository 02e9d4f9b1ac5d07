// SPDX-License-Identifier: Apache-2.0
#include "edge/os/ip_prober.hpp"

#include <cerrno>
#include <cstring>

#include "edge/os/dial.hpp"
#include "edge/os/gateway.hpp"
#include "edge/os/ping.hpp"
#include "edge/os/resolve.hpp"

namespace vmc::edge {

namespace {

/// An ICMP rejection is as fast as the path; a neighbour that is not there is known after three ARP
/// requests, one a second (net.ipv4.neigh.*.mcast_solicit, retrans_time_ms).
constexpr std::chrono::milliseconds at_once{500};
constexpr std::chrono::seconds after_arp{1};

port::PortReading reading(port::PortAnswer answer, Duration took, std::string detail) {
    port::PortReading result;
    result.answer = answer;
    result.took = took;
    result.detail = std::move(detail);
    return result;
}

port::PortReading told_apart(const Knock& knock) {
    using port::PortAnswer;
    const std::string words = std::strerror(knock.error);
    // A refusal can be as quick as the call itself only on this very machine.
    if (knock.locally && knock.error != ECONNREFUSED)
        return reading(PortAnswer::unknown, knock.took, words + " (our side)");
    switch (knock.error) {
        case 0: return reading(PortAnswer::open, knock.took, "accepted");
        case ECONNRESET: return reading(PortAnswer::open, knock.took, "accepted, and reset at once");
        case ECONNREFUSED:
            if (knock.without_segment) return reading(PortAnswer::rejected, knock.took, "rejected by ICMP");
            return reading(PortAnswer::refused, knock.took, words);
        case ETIMEDOUT: return reading(PortAnswer::silent, knock.took, words);
        case EHOSTUNREACH:
        case EHOSTDOWN:
            if (knock.took <= at_once) return reading(PortAnswer::rejected, knock.took, words);
            if (knock.took >= after_arp) return reading(PortAnswer::no_neighbour, knock.took, words);
            return reading(PortAnswer::unknown, knock.took, words + ", neither at once nor after ARP");
        case ENETUNREACH:
        case EACCES: return reading(PortAnswer::rejected, knock.took, words);
        default: return reading(PortAnswer::unknown, knock.took, words);
    }
}

}  // namespace

Async<Result<std::vector<std::string>>> IpProber::resolve(std::string host, Instant deadline) {
    auto found = co_await edge::resolve(helpers_, std::move(host), 0, deadline);
    if (!found) co_return std::unexpected(std::move(found.error()));
    std::vector<std::string> addresses;
    for (const auto& endpoint : *found) addresses.push_back(endpoint.address());
    co_return addresses;
}

Async<port::PingReading> IpProber::ping(std::string address, Instant deadline) {
    const auto to = co_await edge::resolve(helpers_, std::move(address), 0, deadline);
    if (to) co_return co_await edge::ping(loop_, to->front(), random_.draw(), deadline);
    port::PingReading unknown;
    unknown.detail = to.error().message();
    co_return unknown;
}

Async<port::PortReading> IpProber::knock(std::string address, std::uint16_t port, Instant deadline) {
    const Instant began = SystemClock::read();
    const auto to = co_await edge::resolve(helpers_, std::move(address), port, deadline);
    if (!to) co_return reading(port::PortAnswer::unknown, {}, to.error().message());
    const auto knock = co_await knock_once(loop_, to->front(), deadline);
    if (!knock) co_return reading(port::PortAnswer::silent, SystemClock::read() - began, "no answer");
    co_return told_apart(*knock);
}

Async<port::OwnReading> IpProber::look_at_ourselves(std::string address, Instant deadline) {
    co_return co_await edge::look_at_ourselves(helpers_, std::move(address), random_.draw(), deadline);
}

}  // namespace vmc::edge
