// SPDX-License-Identifier: Apache-2.0
// How a session ends, what is known of it before it does, and what is never delivered afterwards.
#include <doctest/doctest.h>

#include <cstdlib>

#include "live/engine_rig.hpp"

using namespace engine;
using namespace std::chrono_literals;
namespace port = vmc::port;

namespace {

struct EndingFixture {
    Rig rig;
    lab::Host host;
    SessionPtr session = rig.online(host.target());

    void wait(vmc::Duration span) {
        rig.turn_until([] { return false; }, span);
    }
    std::string log() { return host.exec("true") + read(std::string("lab/host log ") + host.name); }
    static std::string read(const std::string& command) {
        std::string text;
        FILE* pipe = popen(command.c_str(), "r");
        char piece[4096];
        while (const auto n = fread(piece, 1, sizeof piece, pipe)) text.append(piece, n);
        pclose(pipe);
        return text;
    }
};

}  // namespace

TEST_CASE_FIXTURE(EndingFixture, "every keepalive is sent, and answered by bytes (L6)") {
    for (int i = 0; i < 6; ++i) {
        const auto before = session->bytes_received();
        const auto at = session->last_received();
        session->send_keepalive();
        CHECK(rig.turn_until([&] { return session->bytes_received() > before; }, 2s));
        CHECK(session->last_received() >= at);
    }
}

TEST_CASE_FIXTURE(EndingFixture, "TCP tells a dead path from a frozen server") {
    wait(300ms);
    REQUIRE(session->tcp().has_value());
    CHECK(session->tcp()->unacked == 0);
    CHECK_FALSE(session->has_undelivered());
    host.sshd("freeze-sessions");
    session->send_keepalive();
    wait(400ms);
    CHECK(session->tcp()->unacked == 0);  // acknowledged by its kernel, answered by nobody
    host.sshd("thaw-sessions");
    wait(200ms);
    host.fault("drop");
    session->send_keepalive();
    wait(900ms);
    CHECK(session->tcp()->unacked > 0);
    CHECK(session->tcp()->retransmits > 0);
    CHECK(session->tcp()->outstanding_bytes > 0);
    CHECK(session->has_undelivered());
    CHECK(session->alive());
    host.heal();
    CHECK(rig.turn_until([&] { return !session->has_undelivered(); }, 5s));
    CHECK(rig.exec(*session, "echo same session").out == "same session\n");
}

TEST_CASE_FIXTURE(EndingFixture, "what was in the send queue when we gave up is never delivered") {
    REQUIRE(rig.exec(*session, "rm -f /tmp/ran").code == 0u);
    host.fault("drop");
    bool sent = false;
    auto channel = rig.run(session->exec("touch /tmp/ran", std::nullopt, in(700ms), &sent));
    CHECK_FALSE(channel.has_value());
    CHECK(session->has_undelivered());
    session->abort();
    CHECK_FALSE(session->alive());
    host.heal();
    wait(2s);
    CHECK(host.exec("test -e /tmp/ran && echo yes || echo no") == "no\n");
}

TEST_CASE_FIXTURE(EndingFixture, "an exec request on its way is reported as sent, and lost") {
    host.fault("cut-after 1");
    bool sent = false;
    auto channel = rig.run(session->exec("true", std::nullopt, in(500ms), &sent));
    host.heal();
    if (!channel) CHECK((channel.error().stage() == Stage::request) == sent);
}

TEST_CASE_FIXTURE(EndingFixture, "everyone who waits learns of the end, and what had arrived comes first") {
    auto channel = rig.open(*session, "echo early; sleep 60");
    REQUIRE(rig.turn_until([&] { return channel->waiting() > 0; }, 2s));
    host.sshd("kill-sessions");
    const auto why = rig.run(session->ended());
    CHECK(why.code() == Code::lost);
    CHECK_FALSE(session->alive());
    const auto ran = rig.drain(*channel);
    CHECK(ran.out == "early\n");
    REQUIRE(ran.failure);
    CHECK(ran.failure->code() == Code::lost);
    CHECK_FALSE(ran.code);
    bool sent = false;
    auto after = rig.run(session->exec("true", std::nullopt, in(1s), &sent));
    REQUIRE_FALSE(after.has_value());
    CHECK(after.error().code() == Code::lost);
    CHECK(after.error().stage() == Stage::channel);
    CHECK_FALSE(sent);
}

TEST_CASE_FIXTURE(EndingFixture, "a reset from a rebooted kernel ends the session at once") {
    host.reboot();
    session->send_keepalive();
    CHECK(rig.turn_until([&] { return !session->alive(); }, 3s));
}

TEST_CASE_FIXTURE(EndingFixture, "an orderly close says goodbye, an abort does not") {
    rig.run(session->close(in(2s)));
    CHECK_FALSE(session->alive());
    CHECK(lab::eventually([&] { return log().find("Received disconnect") != std::string::npos; }, lab::Seconds(2)));
    auto second = rig.online(host.target());
    second->abort();
    CHECK(lab::eventually([&] { return log().find("Connection reset by") != std::string::npos; }, lab::Seconds(2)));
}

TEST_CASE_FIXTURE(EndingFixture, "a close that cannot flush gives up at its deadline") {
    auto channel = rig.open(*session, "sleep 60");
    host.sshd("freeze-sessions");
    auto write = [](port::Channel& c) -> Async<int> {
        auto done = co_await c.write(std::string(16'000'000, 'x'));
        co_return done ? 0 : 1;
    };
    auto task = write(*channel);
    boost::asio::co_spawn(rig.io, std::move(task), [](std::exception_ptr, int) {});
    wait(200ms);
    const auto began = SystemClock::read();
    rig.run(session->close(in(300ms)));
    CHECK(SystemClock::read() - began < 600ms);
    CHECK_FALSE(session->alive());
    host.sshd("thaw-sessions");
}

TEST_CASE_FIXTURE(EndingFixture, "a channel may outlive its session, and a session its transport") {
    auto channel = rig.open(*session, "echo kept; sleep 60");
    REQUIRE(rig.turn_until([&] { return channel->waiting() > 0; }, 2s));
    rig.transport.reset();
    CHECK(session->alive());
    session.reset();
    CHECK(rig.drain(*channel).out == "kept\n");
    channel->send_signal("TERM");
    channel->resize(1, 1);
}

TEST_CASE_FIXTURE(EndingFixture, "ended sessions leave no descriptor behind (L8, L10)") {
    session.reset();
    wait(20ms);
    const int before = lab::open_descriptors();
    for (int i = 0; i < 12; ++i) {
        auto one = rig.online(host.target());
        if (i % 3 == 0) rig.run(one->close(in(1s)));
        if (i % 3 == 1) one->abort();
        if (i % 3 == 2) {
            host.sshd("kill-sessions");
            rig.turn_until([&] { return !one->alive(); }, 2s);
        }
    }
    wait(50ms);
    CHECK(lab::open_descriptors() <= before);
}

TEST_CASE_FIXTURE(EndingFixture, "a loop that is destroyed with everything under way takes it along") {
    auto own = std::make_unique<Rig>();
    auto other = own->online(host.target());
    auto channel = own->open(*other, "yes");
    own->turn_until([&] { return other->paused(); }, 2s);
    own->transport.reset();
    channel.reset();
    other.reset();
    own.reset();
}
