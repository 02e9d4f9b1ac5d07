// SPDX-License-Identifier: Apache-2.0
// What answers on port 22 and is no willing sshd.
#include <doctest/doctest.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "edge/ssh/words.hpp"
#include "live/engine_rig.hpp"

using namespace engine;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

/// Says `words` and then closes, or stays silent for `silence`.
std::function<Async<void>(FakeServer::Socket)> says(std::string words, vmc::Duration silence = 0s) {
    return [words, silence](FakeServer::Socket accepted) -> Async<void> {
        FakeServer::Socket socket = std::move(accepted);
        const std::string text = words;
        const auto span = silence;
        boost::system::error_code failure;
        auto token = asio::redirect_error(asio::use_awaitable, failure);
        if (!text.empty()) co_await asio::async_write(socket, asio::buffer(text), token);
        asio::steady_timer timer(socket.get_executor(), span);
        co_await timer.async_wait(token);
        // Unread bytes would turn the close into a reset.
        std::string rest(4096, '\0');
        if (socket.available(failure) > 0) socket.read_some(asio::buffer(rest), failure);
    };
}

struct BannerFixture {
    Rig rig;
    std::string key = [this] {
        const std::string path = (rig.directory / "key").string();
        REQUIRE(std::system(("ssh-keygen -q -t ed25519 -N '' -f " + path).c_str()) == 0);
        return path;
    }();

    vmc::Error refusal(const std::function<Async<void>(FakeServer::Socket)>& talk, vmc::Duration limit = 5s) {
        FakeServer server(rig.io, talk);
        auto target = server.target();
        target.key(key);
        auto session = rig.connect(target, limit);
        REQUIRE_FALSE(session.has_value());
        return session.error();
    }
};

}  // namespace

TEST_CASE_FIXTURE(BannerFixture, "a throttled sshd is alive, and its words are kept") {
    for (const char* words : {"Exceeded MaxStartups\r\n", "Not allowed at this time\r\n"}) {
        const auto error = refusal(says(words));
        CHECK(error.code() == Code::throttled);
        CHECK(error.stage() == Stage::banner);
        CHECK(error.peer_words() == std::string(words, std::string(words).size() - 2));
    }
}

TEST_CASE_FIXTURE(BannerFixture, "a system that boots says so before it can log anybody in") {
    const auto error = refusal(says("System is booting up. Unprivileged users are not permitted to log in yet.\r\n"));
    CHECK(error.code() == Code::booting);
}

TEST_CASE_FIXTURE(BannerFixture, "what does not speak SSH is quoted, at most 200 bytes of it") {
    const auto error = refusal(says("HTTP/1.1 400 Bad Request\r\n\r\n<html>" + std::string(500, 'x')));
    CHECK(error.code() == Code::protocol);
    CHECK(error.peer_words().starts_with("HTTP/1.1 400 Bad Request"));
    CHECK(error.peer_words().size() <= 200);
}

TEST_CASE_FIXTURE(BannerFixture, "an endless preamble is cut off, with lines or without") {
    for (const std::string& flood : {std::string(10'000'000, 'x'), [] {
                                         std::string lines;
                                         for (int i = 0; i < 200'000; ++i) lines += "please wait ...\r\n";
                                         return lines;
                                     }()}) {
        const auto began = SystemClock::read();
        const auto error = refusal(says(flood, 3s), 10s);
        CHECK(error.code() == Code::protocol);
        CHECK(error.stage() == Stage::banner);
        CHECK(SystemClock::read() - began < 2s);
    }
}

TEST_CASE_FIXTURE(BannerFixture, "an accepted connection that stays silent times out at the banner, in time") {
    const auto error = refusal(says("", 30s), 300ms);
    CHECK(error.code() == Code::timed_out);
    CHECK(error.stage() == Stage::banner);
    CHECK(error.took() >= 250ms);
    CHECK(error.took() < 600ms);
}

TEST_CASE_FIXTURE(BannerFixture, "a banner that stops half-way times out too, without a busy loop") {
    const std::clock_t before = std::clock();
    const auto error = refusal(says("SSH-2.0-Ope", 30s), 500ms);
    CHECK(error.code() == Code::timed_out);
    CHECK(error.stage() == Stage::banner);
    CHECK(double(std::clock() - before) / CLOCKS_PER_SEC < 0.1);
}

TEST_CASE_FIXTURE(BannerFixture, "end of file and reset after the accept are told as such") {
    const auto eof = refusal(says(""));
    CHECK(eof.code() == Code::lost);
    CHECK(eof.stage() == Stage::banner);
    const auto reset = refusal([](FakeServer::Socket accepted) -> Async<void> {
        accepted.set_option(asio::socket_base::linger(true, 0));
        accepted.close();
        co_return;
    });
    CHECK(reset.code() == Code::lost);
    CHECK(reset.message().find("reset") != std::string::npos);  // at the stage of the connect, if it came that early
}

TEST_CASE("a connection that our kernel gave up is one that sshd may still hold; one that it reset is not") {
    for (const int ours : {ETIMEDOUT, EHOSTUNREACH, ENETUNREACH})
        CHECK(vmc::edge::no_ssh_there("", std::string("broke: ") + std::strerror(ours)).is_given_up_here());
    for (const int its : {ECONNRESET, EPIPE})
        CHECK_FALSE(vmc::edge::no_ssh_there("", std::string("broke: ") + std::strerror(its)).is_given_up_here());
    CHECK_FALSE(vmc::edge::no_ssh_there("", "closed").is_given_up_here());
}

TEST_CASE_FIXTURE(BannerFixture, "garbage after the banner is a protocol error at the key exchange") {
    const auto error = refusal(says("SSH-2.0-Strange\r\n" + std::string(5000, '\xff'), 3s));
    CHECK(error.code() == Code::protocol);
    CHECK(error.stage() == Stage::key_exchange);
}

TEST_CASE_FIXTURE(BannerFixture, "a key exchange that stops half-way times out at that stage") {
    const auto error = refusal(says("SSH-2.0-Slow\r\n", 30s), 300ms);
    CHECK(error.code() == Code::timed_out);
    CHECK(error.stage() == Stage::key_exchange);
}

TEST_CASE_FIXTURE(BannerFixture, "failed attempts leave no descriptor behind") {
    refusal(says(""));
    const int before = lab::open_descriptors();
    for (int i = 0; i < 20; ++i) refusal(says("nonsense\r\n"));
    rig.turn_until([] { return false; }, 50ms);
    CHECK(lab::open_descriptors() <= before);
}
