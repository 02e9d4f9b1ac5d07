// SPDX-License-Identifier: Apache-2.0
// Commands over one session: order, streams, back-pressure, and slots that come back.
#include <doctest/doctest.h>

#include <cstdlib>

#include "flow/task_scope.hpp"
#include "live/engine_rig.hpp"

using namespace engine;
using namespace std::chrono_literals;
namespace port = vmc::port;

namespace {

struct ChannelFixture {
    explicit ChannelFixture(const std::string& options = "") : host(options), session(rig.online(host.target())) {}
    Rig rig;
    lab::Host host;
    SessionPtr session;

    Ran exec(const std::string& line) { return rig.exec(*session, line); }
    Result<ChannelPtr> try_open(const std::string& line) {
        return rig.run(session->exec(line, std::nullopt, in(10s), nullptr));
    }
    /// Rewrites the channel's bytes as it goes; returns what came back.
    Ran feed(port::Channel& channel, const std::string& bytes) {
        auto both = [](port::Channel& to, std::string text) -> Async<int> {
            auto done = co_await to.write(std::move(text));
            if (!done) co_return 1;
            auto ended = co_await to.send_eof();
            co_return ended ? 0 : 2;
        };
        int wrote = -1;
        auto task = both(channel, bytes);
        boost::asio::co_spawn(rig.io, std::move(task), [&](std::exception_ptr, int result) { wrote = result; });
        Ran ran = rig.drain(channel);
        CHECK(wrote == 0);
        return ran;
    }
};

struct Ordinary : ChannelFixture {};
struct RekeysOften : ChannelFixture {
    RekeysOften() : ChannelFixture("--sshd-option 'RekeyLimit 1M'") {}
};
struct TwoSlots : ChannelFixture {
    TwoSlots() : ChannelFixture("--sshd-option 'MaxSessions 2'") {}
};

#ifdef __SANITIZE_ADDRESS__
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

/// 8-byte counters, so that a lost, doubled or swapped piece shows.
std::string numbers(std::size_t bytes) {
    std::string text;
    text.reserve(bytes);
    for (std::uint64_t i = 0; text.size() < bytes; ++i) text.append(reinterpret_cast<const char*>(&i), 8);
    return text;
}

}  // namespace

TEST_CASE_FIXTURE(Ordinary, "streams stay apart, bytes stay bytes, and the exit status comes after them") {
    const auto ran = exec("printf 'a\\000b\\377'; printf 'err\\200' >&2; exit 7");
    CHECK(ran.out == std::string("a\0b\377", 4));
    CHECK(ran.err == "err\200");
    CHECK(ran.code == 7u);
    CHECK(ran.closed);
}

TEST_CASE_FIXTURE(Ordinary, "a signal is named, and no exit code is made up (L29)") {
    auto tester = rig.online(host.target("tester"));
    const auto ran = rig.exec(*tester, "kill -SEGV $$");
    CHECK(ran.signal == "SEGV");
    CHECK_FALSE(ran.code);
}

TEST_CASE_FIXTURE(Ordinary, "a pty is a terminal of the size asked for, also after it has changed") {
    auto channel = rig.run(
        session->exec("test -t 0 && stty size; read line; stty size", vmc::Pty("xterm", 101, 37), in(5s), nullptr));
    REQUIRE(channel.has_value());
    REQUIRE(rig.turn_until([&] { return (*channel)->waiting() > 0; }, 5s));
    (*channel)->resize(90, 20);
    REQUIRE(rig.run((*channel)->write("go\n")).has_value());
    const auto ran = rig.drain(**channel);
    CHECK_MESSAGE(ran.out.starts_with("37 101"), ran.out);
    CHECK_MESSAGE(ran.out.find("20 90") != std::string::npos, ran.out);
}

TEST_CASE_FIXTURE(Ordinary, "the exec request's hand-over is told, and a refusal keeps its stage") {
    bool sent = false;
    auto channel = rig.run(session->exec("true", std::nullopt, in(5s), &sent));
    CHECK(channel.has_value());
    CHECK(sent);
    host.sshd("freeze-sessions");
    sent = false;
    auto late = rig.run(session->exec("true", std::nullopt, in(300ms), &sent));
    host.sshd("thaw-sessions");
    REQUIRE_FALSE(late.has_value());
    CHECK(late.error().code() == Code::timed_out);
    CHECK(late.error().stage() == Stage::channel);
    CHECK_FALSE(sent);
    CHECK(exec("echo on").out == "on\n");
}

TEST_CASE_FIXTURE(TwoSlots, "MaxSessions refuses one channel and not the session (L28)") {
    auto one = rig.open(*session, "sleep 60");
    auto two = rig.open(*session, "sleep 60");
    bool sent = false;
    auto three = rig.run(session->exec("true", std::nullopt, in(5s), &sent));
    REQUIRE_FALSE(three.has_value());
    CHECK(three.error().code() == Code::channel_refused);
    CHECK(three.error().stage() == Stage::channel);
    CHECK_FALSE(sent);
    CHECK(session->alive());
    one->send_signal("KILL");
}

TEST_CASE_FIXTURE(TwoSlots, "a channel that is dropped gives its slot back, at every moment of its life (L25)") {
    for (int i = 0; i < 60; ++i) {
        CAPTURE(i);
        auto task = [](port::Session& s) -> Async<void> {
            std::optional<vmc::Pty> none;
            auto channel = co_await s.exec("head -c 200000 /dev/zero", none, in(5s), nullptr);
            if (channel) co_await (*channel)->next();
        };
        vmc::flow::TaskScope scope(rig.io.get_executor());
        scope.spawn(task(*session));
        rig.turn_until([&] { return scope.running() == 0; }, std::chrono::microseconds(100 * i));
        scope.stop();
        REQUIRE(rig.turn_until([&] { return scope.running() == 0; }, 2s));
    }
    // The server frees a slot when the killed command has gone.
    REQUIRE(rig.turn_until([&] { return session->alive(); }, 1s));
    int worked = 0;
    for (int i = 0; i < 20 && worked < 3; ++i) {
        auto first = try_open("cat");
        auto second = try_open("cat");
        worked += first && second;
        rig.turn_until([] { return false; }, 50ms);
    }
    CHECK(worked == 3);
}

TEST_CASE_FIXTURE(Ordinary, "a stalled reader costs flat memory, slows the VM down and loses nothing (L22)") {
    auto channel = rig.open(*session, "head -c 64000000 /dev/zero | tr '\\0' x; echo done >&2");
    REQUIRE(rig.turn_until([&] { return session->paused(); }, 5s));
    const long before = lab::memory_kib();
    rig.turn_until([] { return false; }, 1500ms);
    CHECK(session->paused());
    CHECK(channel->waiting() < 2'000'000);
    CHECK(lab::memory_kib() - before < 4096);
    const auto ran = rig.drain(*channel);
    CHECK(ran.out.size() == 64'000'000);
    CHECK(ran.out.find_first_not_of('x') == std::string::npos);
    CHECK(ran.err == "done\n");
    CHECK(ran.code == 0u);
    CHECK_FALSE(session->paused());
}

TEST_CASE_FIXTURE(Ordinary, "both streams at full speed stay whole and in order") {
    const auto ran = exec("(seq 1 300000) & (seq 1 300000 >&2) & wait");
    std::string wanted;
    for (int i = 1; i <= 300000; ++i) wanted += std::to_string(i) + "\n";
    CHECK(ran.out == wanted);
    CHECK(ran.err == wanted);
}

TEST_CASE_FIXTURE(Ordinary, "one-byte pieces of two streams are bounded by what they cost") {
    auto channel =
        rig.open(*session, "python3 -c 'import os\nfor i in range(60000): os.write(1,b\"o\"); os.write(2,b\"e\")'");
    const long before = lab::memory_kib();
    rig.turn_until([&] { return session->paused(); }, 8s);
    CHECK(lab::memory_kib() - before < 8192);
    const auto ran = rig.drain(*channel);
    CHECK(ran.out.size() == 60000);
    CHECK(ran.err.size() == 60000);
}

TEST_CASE_FIXTURE(RekeysOften, "keys exchanged again and again lose nothing, up and down (L21)") {
    const std::string sent = numbers(12'000'000);
    auto channel = rig.open(*session, "cat");
    const auto ran = feed(*channel, sent);
    CHECK(ran.out == sent);
    CHECK(ran.code == 0u);
}

TEST_CASE_FIXTURE(Ordinary, "a server that takes no input stops the writer and not the loop (L1, L30)") {
    auto channel = rig.open(*session, "sleep 60");
    host.sshd("freeze-sessions");
    bool over = false;
    auto write = [](port::Channel& c) -> Async<int> {
        auto done = co_await c.write(std::string(16'000'000, 'x'));
        co_return done ? 0 : 1;
    };
    auto task = write(*channel);
    boost::asio::co_spawn(rig.io, std::move(task), [&](std::exception_ptr, int) { over = true; });
    int turns = 0;
    const auto began = SystemClock::read();
    rig.turn_until(
        [&] {
            ++turns;
            return over;
        },
        500ms);
    CHECK_FALSE(over);
    CHECK(turns > 50);  // 5 ms each while nothing happens
    CHECK(SystemClock::read() - began < 700ms);
    CHECK(session->has_undelivered());
    session->abort();
    CHECK(rig.turn_until([&] { return over; }, 1s));
    host.sshd("thaw-sessions");
}

TEST_CASE_FIXTURE(Ordinary, "writing after the end of file or after the close is an error, not a hang") {
    auto channel = rig.open(*session, "cat");
    CHECK(feed(*channel, "once").out == "once");
    auto again = rig.run(channel->write("twice"));
    REQUIRE_FALSE(again.has_value());
    auto next = rig.run(channel->next());
    REQUIRE_FALSE(next.has_value());
    CHECK(next.error().code() == Code::bad_request);
}

TEST_CASE_FIXTURE(Ordinary, "eight channels at once each keep their own bytes") {
    std::vector<ChannelPtr> channels;
    for (int i = 0; i < 8; ++i)
        channels.push_back(
            rig.open(*session, "seq " + std::to_string(i * 1000) + " " + std::to_string(i * 1000 + 50000)));
    for (int i = 7; i >= 0; --i) {
        const auto ran = rig.drain(*channels[static_cast<std::size_t>(i)]);
        CHECK(ran.out.starts_with(std::to_string(i * 1000) + "\n"));
        CHECK(ran.out.ends_with("\n" + std::to_string(i * 1000 + 50000) + "\n"));
        CHECK(ran.code == 0u);
    }
}

TEST_CASE_FIXTURE(Ordinary, "a thousand commands leave no memory behind, neither ours nor in the engine") {
    for (int i = 0; i < 100; ++i) exec("echo x | head -c1");
    const long before = lab::memory_kib();
    for (int i = 0; i < lab::tries(400, 3000); ++i) REQUIRE(exec("exec 0<&-; exec echo $$").code == 0u);
    // AddressSanitizer keeps what was freed for a while; it has its own way to find leaks.
    if (!sanitized) CHECK(lab::memory_kib() - before < 96);
}
