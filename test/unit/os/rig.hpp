// SPDX-License-Identifier: Apache-2.0
// A real loop for the rooms that touch the operating system.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "edge/os/fd.hpp"
#include "edge/os/system_clock.hpp"
#include "port/async.hpp"

namespace os {

using vmc::Async;
using vmc::Instant;
using vmc::edge::SystemClock;

[[nodiscard]] inline Instant in(vmc::Duration span) { return SystemClock::read() + span; }

template <class T>
Async<void> keep(Async<T> task, std::optional<T>& into) {
    into.emplace(co_await std::move(task));
}

struct Rig {
    template <class T>
    T run(Async<T> task) {
        std::optional<T> value;
        std::exception_ptr thrown;
        auto kept = keep(std::move(task), value);
        boost::asio::co_spawn(io, std::move(kept), [&](std::exception_ptr e) { thrown = e; });
        io.restart();
        while (!value && !thrown && io.run_one()) {
        }
        if (thrown) std::rethrow_exception(thrown);
        return std::move(*value);
    }
    boost::asio::io_context io;
};

/// A TCP port on loopback; nobody accepts, the kernel does.
class Listener {
public:
    explicit Listener(int backlog = 8, int family = AF_INET) : fd_(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_storage any{};
        any.ss_family = static_cast<sa_family_t>(family);
        auto* four = reinterpret_cast<sockaddr_in*>(&any);
        auto* six = reinterpret_cast<sockaddr_in6*>(&any);
        if (family == AF_INET) four->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        else six->sin6_addr = in6addr_loopback;
        socklen_t length = family == AF_INET ? sizeof *four : sizeof *six;
        works = ::bind(fd_.get(), reinterpret_cast<sockaddr*>(&any), length) == 0 && ::listen(fd_.get(), backlog) == 0;
        ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&any), &length);
        port = ntohs(family == AF_INET ? four->sin_port : six->sin6_port);
    }
    void close() { fd_.reset(); }
    [[nodiscard]] int accept() const { return ::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC); }
    std::uint16_t port = 0;
    bool works = false;

private:
    vmc::edge::Fd fd_;
};

/// A folder of this test's own.
class Folder {
public:
    Folder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "vmc-os-XXXXXX").string();
        path = ::mkdtemp(pattern.data());
    }
    ~Folder() { std::filesystem::remove_all(path); }
    std::string path;
};

}  // namespace os
