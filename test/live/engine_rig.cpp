// SPDX-License-Identifier: Apache-2.0
#include "live/engine_rig.hpp"

#include <doctest/doctest.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdlib>

namespace engine {

namespace asio = boost::asio;
namespace port = vmc::port;

namespace {
std::filesystem::path fresh() {
    std::string pattern = (std::filesystem::temp_directory_path() / "vmc-engine-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    return pattern;
}

Async<Ran> read_all(port::Channel& channel) {
    Ran ran;
    for (;;) {
        auto event = co_await channel.next();
        if (!event) {
            ran.failure = event.error();
            co_return ran;
        }
        if (auto* data = std::get_if<port::Data>(&*event))
            (data->stream == port::Stream::out ? ran.out : ran.err) += data->bytes;
        if (auto* status = std::get_if<port::ExitStatus>(&*event)) ran.code = status->code;
        if (auto* signal = std::get_if<port::ExitSignal>(&*event)) ran.signal = signal->name;
        if (std::holds_alternative<port::ChannelClosed>(*event)) {
            ran.closed = true;
            co_return ran;
        }
    }
}

Async<Ran> run_line(port::Session& session, std::string line) {
    std::optional<vmc::Pty> no_pty;
    auto channel = co_await session.exec(std::move(line), no_pty, in(std::chrono::seconds(20)), nullptr);
    if (channel) co_return co_await read_all(**channel);
    Ran ran;
    ran.failure = channel.error();
    co_return ran;
}
}  // namespace

Rig::Rig(std::string agent) : directory(fresh()), clock(io.get_executor()) {
    vmc::edge::SshPlaces places;
    places.own_known_hosts((directory / "state" / "known_hosts").string()).agent(std::move(agent));
    transport.emplace(io.get_executor(), places);
}

Rig::~Rig() {
    transport.reset();
    std::filesystem::remove_all(directory);
}

void Rig::finish(Async<void> task) {
    bool done = false;
    std::exception_ptr thrown;
    asio::co_spawn(io, std::move(task), [&](std::exception_ptr e) {
        thrown = e;
        done = true;
    });
    io.restart();
    while (!done && io.run_one()) {
    }
    if (thrown) std::rethrow_exception(thrown);
}

bool Rig::turn_until(const std::function<bool()>& condition, vmc::Duration limit) {
    const Instant until = in(limit);
    io.restart();
    while (!condition()) {
        if (SystemClock::read() >= until) return false;
        io.restart();
        io.run_one_for(std::chrono::milliseconds(5));
    }
    return true;
}

Result<SessionPtr> Rig::connect(const Target& target, vmc::Duration limit) {
    return run(transport->connect(target, in(limit)));
}

SessionPtr Rig::online(const Target& target) {
    auto session = connect(target);
    REQUIRE_MESSAGE(session.has_value(), (session ? "" : session.error().message()));
    return std::move(*session);
}

Ran Rig::exec(port::Session& session, const std::string& line) { return run(run_line(session, line)); }
Ran Rig::drain(port::Channel& channel) { return run(read_all(channel)); }

ChannelPtr Rig::open(port::Session& session, const std::string& line) {
    auto channel = run(session.exec(line, std::nullopt, in(std::chrono::seconds(20)), nullptr));
    REQUIRE_MESSAGE(channel.has_value(), (channel ? "" : channel.error().message()));
    return std::move(*channel);
}

struct FakeServer::State {
    State(asio::io_context& io, std::function<Async<void>(Socket)> t)
        : acceptor(io, asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), 0)), talk(std::move(t)) {}
    asio::ip::tcp::acceptor acceptor;
    std::function<Async<void>(Socket)> talk;
    bool stopped = false;
};

namespace {
template <class State>
Async<void> serve(std::shared_ptr<State> state) {
    while (!state->stopped) {
        boost::system::error_code failure;
        auto token = asio::redirect_error(asio::use_awaitable, failure);
        auto socket = co_await state->acceptor.async_accept(token);
        if (failure) co_return;
        auto talk = state->talk(std::move(socket));
        asio::co_spawn(state->acceptor.get_executor(), std::move(talk), [](std::exception_ptr) {});
    }
}
}  // namespace

FakeServer::FakeServer(asio::io_context& io, std::function<Async<void>(Socket)> talk)
    : state_(std::make_shared<State>(io, std::move(talk))) {
    asio::co_spawn(io, serve(state_), [](std::exception_ptr) {});
}

FakeServer::~FakeServer() {
    state_->stopped = true;
    boost::system::error_code ignored;
    state_->acceptor.close(ignored);
}

Target FakeServer::target() const {
    Target target("127.0.0.1");
    target.user("root").port(state_->acceptor.local_endpoint().port());
    return target;
}

}  // namespace engine
