// SPDX-License-Identifier: Apache-2.0
// The SSH engine by itself on a real loop: what the layers above must be able to count on.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "edge/os/system_clock.hpp"
#include "edge/ssh/transport.hpp"
#include "live/lab.hpp"

namespace engine {

using vmc::Async;
using vmc::Code;
using vmc::Instant;
using vmc::Result;
using vmc::Stage;
using vmc::Target;
using vmc::edge::SystemClock;
using SessionPtr = std::unique_ptr<vmc::port::Session>;
using ChannelPtr = std::unique_ptr<vmc::port::Channel>;

[[nodiscard]] inline Instant in(vmc::Duration span) { return SystemClock::read() + span; }

/// How a command ended, all of it read.
struct Ran {
    std::string out, err;
    std::optional<std::uint32_t> code;
    std::string signal;
    bool closed = false;
    std::optional<vmc::Error> failure;
};

/// A loop, a transport whose known_hosts is new, and the means to run one task to its end.
class Rig {
public:
    explicit Rig(std::string agent = "");
    ~Rig();

    template <class T>
    T run(Async<T> task);
    /// Lets the loop turn until `condition` holds; false when `limit` passes first.
    bool turn_until(const std::function<bool()>& condition, vmc::Duration limit);

    Result<SessionPtr> connect(const Target& target, vmc::Duration limit = std::chrono::seconds(20));
    /// The same, and the test fails here if it does not work.
    SessionPtr online(const Target& target);
    Ran exec(vmc::port::Session& session, const std::string& line);
    Ran drain(vmc::port::Channel& channel);
    ChannelPtr open(vmc::port::Session& session, const std::string& line);

private:
    void finish(Async<void> task);

public:
    boost::asio::io_context io;
    std::filesystem::path directory;
    vmc::edge::SystemClock clock;
    std::optional<vmc::edge::SshTransport> transport;
};

/// Accepts on loopback and lets `talk` treat each connection.
class FakeServer {
public:
    using Socket = boost::asio::ip::tcp::socket;
    FakeServer(boost::asio::io_context& io, std::function<Async<void>(Socket)> talk);
    ~FakeServer();
    [[nodiscard]] Target target() const;

private:
    struct State;
    std::shared_ptr<State> state_;
};

namespace detail {
template <class T>
Async<void> keep(Async<T> task, std::optional<T>& into) {
    into.emplace(co_await std::move(task));
}
}  // namespace detail

template <class T>
T Rig::run(Async<T> task) {
    if constexpr (std::is_void_v<T>) {
        finish(std::move(task));
    } else {
        std::optional<T> value;  // co_spawn would want a T that can be made of nothing
        finish(detail::keep(std::move(task), value));
        return std::move(*value);
    }
}

}  // namespace engine
