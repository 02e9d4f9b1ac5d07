// SPDX-License-Identifier: Apache-2.0
#include "edge/os/resolve.hpp"

#include <netdb.h>
#include <netinet/in.h>

#include <cerrno>
#include <cstring>
#include <deque>

#include "edge/os/system_clock.hpp"

namespace vmc::edge {

Endpoint::Endpoint(const sockaddr* address, socklen_t length, std::uint16_t port) : length_(length) {
    std::memcpy(&storage_, address, length);
    if (family() == AF_INET) reinterpret_cast<sockaddr_in*>(&storage_)->sin_port = htons(port);
    if (family() == AF_INET6) reinterpret_cast<sockaddr_in6*>(&storage_)->sin6_port = htons(port);
}

std::string Endpoint::address() const {
    char text[NI_MAXHOST] = {};
    if (::getnameinfo(raw(), length_, text, sizeof text, nullptr, 0, NI_NUMERICHOST) != 0) return {};
    return text;
}

std::uint16_t Endpoint::port() const {
    if (family() == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in*>(&storage_)->sin_port);
    if (family() == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6*>(&storage_)->sin6_port);
    return 0;
}

namespace {

template <class Ask>
std::optional<Endpoint> ask_socket(int fd, Ask ask) {
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    auto* address = reinterpret_cast<sockaddr*>(&storage);
    if (ask(fd, address, &length) != 0) return std::nullopt;
    if (storage.ss_family != AF_INET && storage.ss_family != AF_INET6) return std::nullopt;
    const auto port = storage.ss_family == AF_INET ? reinterpret_cast<const sockaddr_in&>(storage).sin_port
                                                   : reinterpret_cast<const sockaddr_in6&>(storage).sin6_port;
    return Endpoint(address, length, ntohs(port));
}

struct Answer {
    int status = 0;       // of getaddrinfo
    int system_error = 0;
    std::vector<Endpoint> found;
};

/// IPv6 first, then turn by turn, each family in the resolver's own order.
std::vector<Endpoint> take_turns(std::vector<Endpoint> found) {
    std::deque<Endpoint> six;
    std::deque<Endpoint> four;
    for (auto& one : found) (one.family() == AF_INET6 ? six : four).push_back(one);
    std::vector<Endpoint> order;
    while (!six.empty() || !four.empty()) {
        for (auto* family : {&six, &four}) {
            if (family->empty()) continue;
            order.push_back(family->front());
            family->pop_front();
        }
    }
    return order;
}

Answer look_up(const std::string& host, std::uint16_t port, int flags) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags;
    addrinfo* list = nullptr;
    Answer answer;
    answer.status = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
    if (answer.status == EAI_SYSTEM) answer.system_error = errno;
    for (const addrinfo* one = list; one; one = one->ai_next) {
        if (one->ai_family != AF_INET && one->ai_family != AF_INET6) continue;
        answer.found.emplace_back(one->ai_addr, one->ai_addrlen, port);
    }
    if (list) ::freeaddrinfo(list);
    answer.found = take_turns(std::move(answer.found));
    return answer;
}

Error explain(const std::string& host, const Answer& answer, Duration took) {
    const bool no_such_name = answer.status == EAI_NONAME || answer.status == EAI_NODATA || answer.status == 0;
    // EAI_AGAIN: the name server did not answer. That says nothing of the name.
    const Code code = no_such_name                                              ? Code::unknown_name
                      : answer.status == EAI_AGAIN || answer.status == EAI_FAIL ? Code::unreachable
                                                                                : Code::local;
    const char* why = answer.status == EAI_SYSTEM ? std::strerror(answer.system_error)
                      : answer.status == 0        ? "no address"
                                                  : ::gai_strerror(answer.status);
    return Error(code, Stage::resolve, "cannot resolve " + host + ": " + why).after(took);
}

}  // namespace

std::optional<Endpoint> Endpoint::local_of(int fd) { return ask_socket(fd, ::getsockname); }
std::optional<Endpoint> Endpoint::peer_of(int fd) { return ask_socket(fd, ::getpeername); }

Async<Result<std::vector<Endpoint>>> resolve(OffLoop& helpers, std::string host, std::uint16_t port, Instant deadline) {
    const Instant began = SystemClock::read();
    if (host.empty()) co_return failed(Code::bad_request, Stage::resolve, "empty host name");
    Answer numeric = look_up(host, port, AI_NUMERICHOST);
    if (!numeric.found.empty()) co_return std::move(numeric.found);

    std::function<Answer()> job = [host, port] { return look_up(host, port, 0); };
    auto answer = co_await helpers.run(job, deadline);
    const Duration took = SystemClock::read() - began;
    if (!answer) {
        co_return std::unexpected(
            Error(Code::timed_out, Stage::resolve, "no answer from the resolver for " + host).after(took));
    }
    if (answer->found.empty()) co_return std::unexpected(explain(host, *answer, took));
    co_return std::move(answer->found);
}

}  // namespace vmc::edge
