// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>

#include <array>
#include <thread>

#include "edge/os/dial.hpp"
#include "edge/os/ip_prober.hpp"
#include "edge/os/tcp_reading.hpp"
#include "unit/os/rig.hpp"

using namespace os;
using namespace std::chrono_literals;
using vmc::Code;
using vmc::edge::Endpoint;
using vmc::port::PortAnswer;

namespace {

Endpoint at(const char* address, std::uint16_t port) {
    sockaddr_in6 six{};
    sockaddr_in four{};
    if (::inet_pton(AF_INET, address, &four.sin_addr) == 1) {
        four.sin_family = AF_INET;
        return Endpoint(reinterpret_cast<sockaddr*>(&four), sizeof four, port);
    }
    REQUIRE(::inet_pton(AF_INET6, address, &six.sin6_addr) == 1);
    six.sin6_family = AF_INET6;
    return Endpoint(reinterpret_cast<sockaddr*>(&six), sizeof six, port);
}

/// A port that neither accepts nor refuses: its backlog is full, and the kernel drops further SYNs.
class Silent {
public:
    Silent() : listener_(0) {
        for (auto& fd : queued_) {
            fd.reset(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
            const auto endpoint = at("127.0.0.1", listener_.port);
            (void)::connect(fd.get(), endpoint.raw(), endpoint.length());
        }
    }
    [[nodiscard]] std::uint16_t port() const { return listener_.port; }

private:
    Listener listener_;
    std::array<vmc::edge::Fd, 4> queued_;
};

std::uint16_t closed_port() {
    Listener listener;
    const auto port = listener.port;
    listener.close();
    return port;
}

}  // namespace

TEST_CASE("a dialled socket does not block, is not inherited, sends at once and resets when closed") {
    Rig rig;
    Listener listener;
    auto fd = rig.run(vmc::edge::dial(rig.io.get_executor(), {at("127.0.0.1", listener.port)}, in(2s)));
    REQUIRE(fd.has_value());
    CHECK((::fcntl(fd->get(), F_GETFL) & O_NONBLOCK) != 0);
    CHECK((::fcntl(fd->get(), F_GETFD) & FD_CLOEXEC) != 0);
    int on = 0;
    socklen_t length = sizeof on;
    ::getsockopt(fd->get(), IPPROTO_TCP, TCP_NODELAY, &on, &length);
    CHECK(on == 1);
    const vmc::edge::Fd accepted(listener.accept());
    REQUIRE(::send(fd->get(), "x", 1, 0) == 1);
    fd->reset();
    char byte = 0;
    while (::recv(accepted.get(), &byte, 1, 0) > 0) {
    }
    CHECK(errno == ECONNRESET);
}

TEST_CASE("a refusal is told at once, with the address") {
    Rig rig;
    const auto port = closed_port();
    auto fd = rig.run(vmc::edge::dial(rig.io.get_executor(), {at("127.0.0.1", port)}, in(2s)));
    REQUIRE_FALSE(fd.has_value());
    CHECK(fd.error().code() == Code::refused);
    CHECK(fd.error().stage() == vmc::Stage::tcp);
    CHECK(fd.error().message().find("127.0.0.1 port " + std::to_string(port)) != std::string::npos);
}

TEST_CASE("silence lasts until the deadline and no longer") {
    Rig rig;
    Silent silent;
    const auto began = SystemClock::read();
    auto fd = rig.run(vmc::edge::dial(rig.io.get_executor(), {at("127.0.0.1", silent.port())}, in(300ms)));
    REQUIRE_FALSE(fd.has_value());
    CHECK(fd.error().code() == Code::timed_out);
    CHECK(SystemClock::read() - began >= 300ms);
    CHECK(SystemClock::read() - began < 600ms);
}

TEST_CASE("a silent address delays the next one by 250 ms, a refusing one by nothing") {
    Rig rig;
    Silent silent;
    Listener listener;
    auto began = SystemClock::read();
    auto fd = rig.run(vmc::edge::dial(rig.io.get_executor(),
                                      {at("127.0.0.1", silent.port()), at("127.0.0.1", listener.port)}, in(5s)));
    CHECK(fd.has_value());
    CHECK(SystemClock::read() - began >= 250ms);
    CHECK(SystemClock::read() - began < 500ms);

    began = SystemClock::read();
    fd = rig.run(vmc::edge::dial(rig.io.get_executor(),
                                 {at("127.0.0.1", closed_port()), at("127.0.0.1", listener.port)}, in(5s)));
    CHECK(fd.has_value());
    CHECK(SystemClock::read() - began < 100ms);
}

TEST_CASE("of several failures the most telling one is reported, with all of them in the words") {
    Rig rig;
    Silent silent;
    auto fd = rig.run(vmc::edge::dial(rig.io.get_executor(),
                                      {at("127.0.0.1", silent.port()), at("127.0.0.1", closed_port())}, in(600ms)));
    REQUIRE_FALSE(fd.has_value());
    CHECK(fd.error().code() == Code::refused);
    CHECK(fd.error().message().find("no answer") != std::string::npos);
}

TEST_CASE("names resolve off the loop, IPv6 first; numbers at once; nonsense is told") {
    Rig rig;
    vmc::edge::OffLoop helpers(rig.io.get_executor());
    auto found = rig.run(vmc::edge::resolve(helpers, "localhost", 22, in(5s)));
    REQUIRE(found.has_value());
    CHECK((found->front().address() == "::1" || found->front().address() == "127.0.0.1"));
    CHECK(found->front().port() == 22);
    found = rig.run(vmc::edge::resolve(helpers, "192.0.2.7", 22, in(5s)));
    REQUIRE(found.has_value());
    CHECK(found->size() == 1);
    CHECK(rig.run(vmc::edge::resolve(helpers, "", 22, in(5s))).error().code() == Code::bad_request);
    const auto nobody = rig.run(vmc::edge::resolve(helpers, "no-such-host.invalid", 22, in(10s)));
    REQUIRE_FALSE(nobody.has_value());
    CHECK(nobody.error().stage() == vmc::Stage::resolve);
}

TEST_CASE("a job that hangs costs its caller the deadline, and the end of the loop nothing") {
    Rig rig;
    const auto began = SystemClock::read();
    {
        vmc::edge::OffLoop helpers(rig.io.get_executor());
        const std::function<int()> job = [] {
            std::this_thread::sleep_for(1s);
            return 1;
        };
        CHECK_FALSE(rig.run(helpers.run(job, in(100ms))).has_value());
        const std::function<int()> quick = [] { return 2; };
        CHECK(rig.run(helpers.run(quick, in(1s))) == 2);
    }
    CHECK(SystemClock::read() - began < 500ms);
}

TEST_CASE("knocks are told apart") {
    Rig rig;
    vmc::edge::SystemRandom random;
    vmc::edge::IpProber prober(rig.io.get_executor(), random);
    Listener listener;
    Silent silent;
    CHECK(rig.run(prober.knock("127.0.0.1", listener.port, in(1s))).answer == PortAnswer::open);
    CHECK(rig.run(prober.knock("127.0.0.1", closed_port(), in(1s))).answer == PortAnswer::refused);
    CHECK(rig.run(prober.knock("127.0.0.1", silent.port(), in(200ms))).answer == PortAnswer::silent);
    CHECK(rig.run(prober.knock("not an address", 22, in(2s))).answer == PortAnswer::unknown);
}

TEST_CASE("an echo to ourselves works, or we say that we may not ask") {
    Rig rig;
    vmc::edge::SystemRandom random;
    vmc::edge::IpProber prober(rig.io.get_executor(), random);
    const auto reading = rig.run(prober.ping("127.0.0.1", in(2s)));
    CHECK(reading.answer != vmc::Answer::fails);
    if (::geteuid() == 0) CHECK_MESSAGE(reading.answer == vmc::Answer::works, reading.detail);
    CHECK(rig.run(prober.ping("no-such-host.invalid", in(3s))).answer == vmc::Answer::unknown);
}

TEST_CASE("TCP_INFO tells what is on its way, and nothing of what is no TCP socket") {
    Rig rig;
    Listener listener;
    auto fd = rig.run(vmc::edge::dial(rig.io.get_executor(), {at("127.0.0.1", listener.port)}, in(2s)));
    REQUIRE(fd.has_value());
    const std::string much(8'000'000, 'x');
    CHECK(::send(fd->get(), much.data(), much.size(), MSG_DONTWAIT) > 0);
    const auto reading = vmc::edge::read_tcp(fd->get());
    REQUIRE(reading.has_value());
    CHECK(reading->outstanding_bytes > 0);
    CHECK(reading->unsent_bytes <= reading->outstanding_bytes);
    CHECK(vmc::edge::segments_received(fd->get()).value_or(0) > 0);
    int pair[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    CHECK_FALSE(vmc::edge::read_tcp(pair[0]).has_value());
    ::close(pair[0]);
    ::close(pair[1]);
}
