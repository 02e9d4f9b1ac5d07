// SPDX-License-Identifier: Apache-2.0
#include "edge/os/ping.hpp"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>

#include <array>
#include <cerrno>
#include <cstring>

#include <boost/asio/posix/stream_descriptor.hpp>

#include "edge/os/fd.hpp"
#include "edge/os/system_clock.hpp"

namespace vmc::edge {

namespace asio = boost::asio;

namespace {

/// The eight bytes of an echo's header are the same in both families; the mark is its payload.
struct Echo {
    std::uint8_t type = 0;
    std::uint8_t code = 0;
    std::uint16_t checksum = 0;
    std::uint16_t id = 0;
    std::uint16_t sequence = 0;
    std::uint64_t mark = 0;
};
static_assert(sizeof(Echo) == 16);

std::uint16_t checksum(const Echo& echo) {  // RFC 1071; the kernel does it for ICMPv6 and for ping sockets
    std::array<std::uint16_t, sizeof(Echo) / 2> words{};
    std::memcpy(words.data(), &echo, sizeof echo);
    std::uint32_t sum = 0;
    for (const auto word : words) sum += word;
    while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(~sum);
}

struct Pinger {
    Fd fd;
    bool raw = false;
    int error = 0;
};

Pinger open_socket(int family) {
    const int protocol = family == AF_INET6 ? static_cast<int>(IPPROTO_ICMPV6) : static_cast<int>(IPPROTO_ICMP);
    Pinger pinger;
    pinger.fd.reset(::socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol));
    if (!pinger.fd) {
        pinger.raw = true;
        pinger.fd.reset(::socket(family, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol));
        pinger.error = errno;
    }
    return pinger;
}

/// Is this datagram the reply to our echo? A raw IPv4 socket delivers the IP header too.
bool answers(const char* bytes, std::size_t size, int family, bool raw, const Echo& ours) {
    if (raw && family == AF_INET) {
        if (size < sizeof(ip)) return false;
        const std::size_t header = static_cast<std::size_t>(bytes[0] & 0x0f) * 4;
        if (size < header) return false;
        bytes += header;
        size -= header;
    }
    Echo reply;
    if (size < sizeof reply) return false;
    std::memcpy(&reply, bytes, sizeof reply);
    const int wanted = family == AF_INET6 ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY;
    return reply.type == wanted && reply.mark == ours.mark && reply.sequence == ours.sequence;
}

port::PingReading reading(Answer answer, Duration took, std::string detail) {
    port::PingReading result;
    result.answer = answer;
    result.round_trip = took;
    result.detail = std::move(detail);
    return result;
}

/// The reply, an ICMP error, or nothing yet.
std::optional<port::PingReading> receive(int fd, int family, bool raw, const Echo& ours, Instant began) {
    std::array<char, 512> bytes{};
    for (;;) {
        const ssize_t got = ::recv(fd, bytes.data(), bytes.size(), MSG_DONTWAIT);
        const Duration took = SystemClock::read() - began;
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno == EAGAIN) return std::nullopt;
        if (got < 0) return reading(Answer::fails, took, std::strerror(errno));
        if (answers(bytes.data(), static_cast<std::size_t>(got), family, raw, ours))
            return reading(Answer::works, took, "echo reply");
    }
}

}  // namespace

Async<port::PingReading> ping(const asio::any_io_executor& loop, Endpoint to, std::uint64_t mark, Instant deadline) {
    const int family = to.family();
    Pinger pinger = open_socket(family);
    if (!pinger.fd) {
        const bool forbidden = pinger.error == EPERM || pinger.error == EACCES;
        co_return reading(
            Answer::unknown, {},
            forbidden ? "neither ping sockets nor CAP_NET_RAW allowed here" : std::strerror(pinger.error));
    }
    Echo echo;
    echo.type = family == AF_INET6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO;
    echo.id = static_cast<std::uint16_t>(mark);
    echo.sequence = htons(1);
    echo.mark = mark;
    echo.checksum = family == AF_INET ? checksum(echo) : 0;
    const int fd = pinger.fd.get();
    const Instant began = SystemClock::read();
    // Connected, so that an ICMP rejection comes back as an error; no route is an answer of our own side.
    if (::connect(fd, to.raw(), to.length()) != 0) co_return reading(Answer::unknown, {}, std::strerror(errno));
    if (::send(fd, &echo, sizeof echo, 0) < 0) {
        const bool ours = errno == ENETUNREACH || errno == EPERM || errno == ENOBUFS || errno == ENETDOWN;
        co_return reading(ours ? Answer::unknown : Answer::fails, {}, std::strerror(errno));
    }
    asio::posix::stream_descriptor watch(loop);
    boost::system::error_code failure;
    watch.assign(pinger.fd.release(), failure);
    if (failure) co_return reading(Answer::unknown, {}, failure.message());

    auto alarm = std::make_shared<Alarm>(loop);
    for (;;) {
        if (auto got = receive(watch.native_handle(), family, pinger.raw, echo, began)) co_return std::move(*got);
        const Instant now = SystemClock::read();
        if (now >= deadline) co_return reading(Answer::fails, now - began, "no echo reply");
        auto ready = std::make_shared<bool>(false);
        watch.async_wait(asio::posix::stream_descriptor::wait_read, [alarm, ready](boost::system::error_code aborted) {
            if (aborted) return;
            *ready = true;
            alarm->notify();
        });
        while (!*ready && SystemClock::read() < deadline) co_await alarm->wait(deadline);
    }
}

}  // namespace vmc::edge
