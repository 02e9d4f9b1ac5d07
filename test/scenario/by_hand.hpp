// SPDX-License-Identifier: Apache-2.0
// Using the transport without a link: for tests of the world itself.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "port/transport.hpp"
#include "sim/world.hpp"

namespace vmc::test {

/// All that came over a channel until it closed, or until the connection was lost.
struct Heard {
    std::string out;
    std::string err;
    std::optional<std::uint32_t> code;
    std::string signal;
    bool closed = false;
    std::optional<Error> lost;
};

inline Async<Heard> listen(port::Channel& channel) {
    Heard heard;
    for (;;) {
        auto event = co_await channel.next();
        if (!event) {
            heard.lost = event.error();
            co_return heard;
        }
        if (const auto* data = std::get_if<port::Data>(&*event)) {
            (data->stream == port::Stream::out ? heard.out : heard.err) += data->bytes;
        } else if (const auto* status = std::get_if<port::ExitStatus>(&*event)) {
            heard.code = status->code;
        } else if (const auto* signal = std::get_if<port::ExitSignal>(&*event)) {
            heard.signal = signal->name;
        } else if (std::holds_alternative<port::ChannelClosed>(*event)) {
            heard.closed = true;
            co_return heard;
        }
    }
}

inline Async<Result<Heard>> run_line(port::Session& session, std::string line, Instant deadline = never,
                                     bool* sent = nullptr) {
    auto channel = co_await session.exec(std::move(line), std::nullopt, deadline, sent);
    if (!channel) co_return std::unexpected(channel.error());
    co_return co_await listen(**channel);
}

/// A person with a key, who reaches a machine by its name.
class Hand {
public:
    explicit Hand(std::uint64_t seed = 1, const std::string& name = "web-1")
        : world(seed), host(world.host(name)), target(name) {
        target.user("alice").key("key");
    }
    Result<std::unique_ptr<port::Session>> connect(Duration limit = std::chrono::seconds(10)) {
        return world.run(world.transport().connect(target, world.in(limit)));
    }
    Heard run(port::Session& session, std::string line) {
        auto heard = world.run(run_line(session, std::move(line)));
        return heard ? *heard : Heard{{}, {}, {}, {}, false, heard.error()};
    }
    sim::World world;
    sim::SimHost& host;
    Target target;
};

}  // namespace vmc::test
