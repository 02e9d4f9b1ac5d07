// SPDX-License-Identifier: Apache-2.0
#include "health/elsewhere.hpp"

#include <algorithm>

namespace vmc::health {

namespace {

/// Those that were heard last are the likeliest to answer; what eight do not say, eighty would not.
constexpr std::size_t asked_at_most = 8;
constexpr Duration ask_again = std::chrono::milliseconds(50);

}  // namespace

std::string canary_name(const Target& target) {
    if (target.canary().empty() || target.canary_port() == 0) return target.canary();
    return target.canary() + " " + std::to_string(target.canary_port());
}

Async<Elsewhere> ask_canary(port::Clock& clock, port::Prober& prober, const Target& target, Instant until) {
    Elsewhere found;
    if (target.canary().empty()) co_return found;
    const Instant asked = clock.now();
    const auto addresses = co_await prober.resolve(target.canary(), until);
    if (!addresses || addresses->empty()) {
        found.detail = "the canary " + target.canary() + " has no address";
        co_return found;
    }
    const std::string address = addresses->front();
    if (target.canary_port() == 0) {
        const auto echo = co_await prober.ping(address, until);
        found.answer = echo.answer;
        found.detail = "ping to " + target.canary() + ": " + echo.detail;
    } else {
        const auto knock = co_await prober.knock(address, target.canary_port(), until);
        // Whoever refuses is there; what else speaks for it is a router's word.
        const bool there = knock.answer == port::PortAnswer::open || knock.answer == port::PortAnswer::refused;
        const bool asked_it = knock.answer != port::PortAnswer::unknown;
        found.answer = there ? Answer::works : asked_it ? Answer::fails : Answer::unknown;
        found.detail = canary_name(target) + ": " + knock.detail;
    }
    found.took = clock.now() - asked;
    co_return found;
}

Async<Elsewhere> ask_company(const link::Ports& ports, const link::Link& but, Instant until) {
    Elsewhere found;
    auto others = ports.company.others(but);
    if (others.size() > asked_at_most) others.resize(asked_at_most);
    if (others.empty()) co_return found;
    const Instant asked = ports.clock.now();
    for (const auto& wire : others) wire->session->send_keepalive();
    const auto answered = [&] {
        return std::ranges::any_of(others, [&](const auto& wire) { return wire->session->last_received() > asked; });
    };
    while (!answered() && ports.clock.now() < until)
        co_await ports.clock.sleep_until(std::min(until, ports.clock.now() + ask_again));
    found.answer = answered() ? Answer::works : Answer::fails;
    const auto count = std::to_string(others.size());
    found.detail = answered() ? "another VM that we hold answers"
                              : "none of " + count + " other VMs that we hold and asked answers";
    found.took = ports.clock.now() - asked;
    co_return found;
}

}  // namespace vmc::health
