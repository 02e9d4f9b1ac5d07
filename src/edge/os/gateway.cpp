// SPDX-License-Identifier: Apache-2.0
#include "edge/os/gateway.hpp"

#include <arpa/inet.h>
#include <net/route.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <sstream>

#include "edge/os/ping.hpp"

namespace vmc::edge {

namespace {

constexpr Duration echo_within = std::chrono::seconds(1);
using Bytes = std::array<std::uint8_t, 16>;

/// IPv4 as its mapped IPv6 address, so that one comparison serves both.
std::optional<Bytes> bytes_of(const std::string& address) {
    Bytes bytes{};
    if (::inet_pton(AF_INET6, address.substr(0, address.find('%')).c_str(), bytes.data()) == 1) return bytes;
    bytes = {};
    bytes[10] = bytes[11] = 0xff;
    return ::inet_pton(AF_INET, address.c_str(), bytes.data() + 12) == 1 ? std::optional(bytes) : std::nullopt;
}

std::string text_of(const Bytes& bytes) {
    const bool mapped = std::all_of(bytes.begin(), bytes.begin() + 10, [](auto b) { return b == 0; }) &&
                        bytes[10] == 0xff && bytes[11] == 0xff;
    char text[INET6_ADDRSTRLEN] = "";
    ::inet_ntop(mapped ? AF_INET : AF_INET6, bytes.data() + (mapped ? 12 : 0), text, sizeof text);
    return text;
}

bool holds(const Bytes& network, int prefix, const Bytes& address) {
    for (int bit = 0; bit < prefix; ++bit) {
        const auto byte = static_cast<std::size_t>(bit / 8);
        const auto mask = static_cast<std::uint8_t>(0x80U >> (bit % 8U));
        if ((network[byte] & mask) != (address[byte] & mask)) return false;
    }
    return true;
}

struct Line {
    std::string device;
    Bytes network{};
    int prefix = 0;
    Bytes gateway{};
    bool through_gateway = false;
};

/// /proc/net/route prints addresses as the kernel holds them: network byte order read as a host's number.
Bytes mapped(std::uint32_t raw) {
    Bytes bytes{};
    bytes[10] = bytes[11] = 0xff;
    std::memcpy(bytes.data() + 12, &raw, 4);
    return bytes;
}

std::optional<Line> ipv4_line(const std::string& text) {
    std::istringstream in(text);
    Line line;
    std::uint32_t network = 0, gateway = 0, flags = 0, mask = 0;
    std::string skipped;
    in >> line.device >> std::hex >> network >> gateway >> flags >> skipped >> skipped >> skipped >> mask;
    if (!in || (flags & RTF_UP) == 0 || (flags & RTF_REJECT) != 0) return std::nullopt;
    line.network = mapped(network);
    line.prefix = 96 + std::popcount(mask);
    line.gateway = mapped(gateway);
    line.through_gateway = (flags & RTF_GATEWAY) != 0;
    return line;
}

std::optional<Bytes> hex_bytes(const std::string& text) {
    if (text.size() != 32) return std::nullopt;
    Bytes bytes{};
    for (std::size_t i = 0; i < 16; ++i)
        bytes[i] = static_cast<std::uint8_t>(std::strtoul(text.substr(2 * i, 2).c_str(), nullptr, 16));
    return bytes;
}

std::optional<Line> ipv6_line(const std::string& text) {
    std::istringstream in(text);
    Line line;
    std::string network, gateway, source, skipped;
    std::uint32_t prefix = 0, source_prefix = 0, flags = 0;
    in >> network >> std::hex >> prefix >> source >> source_prefix >> gateway >> skipped >> skipped >> skipped >>
        flags >> line.device;
    const auto at = hex_bytes(network), via = hex_bytes(gateway);
    if (!in || !at || !via || prefix > 128 || (flags & RTF_UP) == 0 || (flags & RTF_REJECT) != 0) return std::nullopt;
    line.network = *at;
    line.prefix = static_cast<int>(prefix);
    line.gateway = *via;
    line.through_gateway = (flags & RTF_GATEWAY) != 0;
    return line;
}

std::string file(const char* path) {
    std::ifstream in(path);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

/// What the kernel knows of a neighbour (flags of /proc/net/arp: 2 is "complete").
Answer neighbour(const std::string& address) {
    std::istringstream lines(file("/proc/net/arp"));
    for (std::string text; std::getline(lines, text);) {
        std::istringstream in(text);
        std::string ip, type, flags;
        in >> ip >> type >> flags;
        if (ip == address) return flags == "0x2" ? Answer::works : Answer::fails;
    }
    return Answer::unknown;
}

}  // namespace

std::optional<OwnRoute> own_route(std::string_view route, std::string_view ipv6_route, const std::string& address) {
    const auto wanted = bytes_of(address);
    if (!wanted) return std::nullopt;
    std::optional<Line> best;
    const auto look = [&](std::string_view table, auto read) {
        std::istringstream lines{std::string(table)};
        for (std::string text; std::getline(lines, text);) {
            const auto line = read(text);
            if (line && holds(line->network, line->prefix, *wanted) && (!best || line->prefix > best->prefix))
                best = line;
        }
    };
    const bool ipv4 = address.find(':') == std::string::npos;
    if (ipv4) look(route, ipv4_line);
    else look(ipv6_route, ipv6_line);
    if (!best) return std::nullopt;
    OwnRoute found;
    found.device = best->device;
    if (best->through_gateway) found.gateway = text_of(best->gateway);
    return found;
}

Async<port::OwnReading> look_at_ourselves(OffLoop& helpers, std::string address, std::uint64_t mark, Instant deadline) {
    port::OwnReading reading;
    const auto route = own_route(file("/proc/net/route"), file("/proc/net/ipv6_route"), address);
    if (!route) {
        // The loop device stands in no routing table that is printed for IPv4.
        const bool ours = address.starts_with("127.") || address == "::1";
        reading.network = ours ? Answer::unknown : Answer::fails;
        reading.detail = ours ? "an address of this machine" : "this machine has no route there";
        co_return reading;
    }
    reading.on_link = route->gateway.empty();
    if (reading.on_link) {
        const bool cut = file(("/sys/class/net/" + route->device + "/carrier").c_str()).starts_with('0');
        reading.network = cut ? Answer::fails : Answer::unknown;
        reading.detail = cut ? route->device + " has no carrier" : "on our own network (" + route->device + ")";
        co_return reading;
    }
    const Instant until = std::min(deadline, SystemClock::read() + echo_within);
    const auto to = co_await edge::resolve(helpers, route->gateway, 0, until);
    Answer answer = Answer::unknown;
    if (to) {
        const auto echo = co_await ping(helpers.loop(), to->front(), mark, until);
        answer = echo.answer;
    }
    // Many routers answer no ping; none that works fails to answer ARP.
    if (answer != Answer::works) answer = neighbour(route->gateway);
    reading.network = answer;
    reading.detail = "our gateway " + route->gateway +
                     (answer == Answer::works   ? " answers"
                      : answer == Answer::fails ? " does not answer"
                                                : ": cannot tell");
    co_return reading;
}

}  // namespace vmc::edge
