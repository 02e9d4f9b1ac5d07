// SPDX-License-Identifier: Apache-2.0
#include "edge/os/dial.hpp"

#include <fcntl.h>
#include <netinet/tcp.h>

#include <cerrno>
#include <cstring>

#include <boost/asio/posix/stream_descriptor.hpp>

#include "edge/os/system_clock.hpp"
#include "edge/os/tcp_reading.hpp"

namespace vmc::edge {

namespace asio = boost::asio;

namespace {

/// RFC 8305 §5, "Connection Attempt Delay".
constexpr Duration stagger = std::chrono::milliseconds(250);

struct Attempt {
    Attempt(const asio::any_io_executor& loop, Endpoint to) : endpoint(to), socket(loop) {}
    Endpoint endpoint;
    asio::posix::stream_descriptor socket;
    Instant began{};
    Duration took{};
    int error = EINPROGRESS;
    bool without_segment = false;
    bool locally = false;
};

/// By up to 200 ms (tcp(7); TCP_DELACK_MAX).
void put_off_acks(int fd) noexcept {
    constexpr int off = 0;
    ::setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &off, sizeof off);
}

/// One or several connects under way. Its handlers keep it alive; leaving closes every socket.
class Race : public std::enable_shared_from_this<Race> {
public:
    /// `knocks`: the last ACK of the handshake is put off (TCP_QUICKACK), for longer than a knock lasts.
    explicit Race(const asio::any_io_executor& loop, bool knocks = false) : loop_(loop), alarm(loop), knocks_(knocks) {}

    void start(const Endpoint& endpoint) {
        auto& one = *attempts.emplace_back(std::make_unique<Attempt>(loop_, endpoint));
        one.began = SystemClock::read();
        Fd fd(::socket(endpoint.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        if (fd) set_reset_on_close(fd.get(), true);
        if (fd && knocks_) put_off_acks(fd.get());
        if (!fd || ::connect(fd.get(), endpoint.raw(), endpoint.length()) != 0) one.error = errno;
        else one.error = 0;
        one.locally = one.error != 0 && one.error != EINPROGRESS;
        if (one.locally) return finish(one, one.error, -1);
        boost::system::error_code failure;
        one.socket.assign(fd.release(), failure);
        if (failure) return finish(one, failure.value(), -1);
        if (one.error == 0) return finish(one, 0, one.socket.native_handle());
        one.socket.async_wait(asio::posix::stream_descriptor::wait_write,
                              [self = shared_from_this(), &one](boost::system::error_code aborted) {
                                  if (aborted || one.error != EINPROGRESS) return;
                                  int error = 0;
                                  socklen_t length = sizeof error;
                                  ::getsockopt(one.socket.native_handle(), SOL_SOCKET, SO_ERROR, &error, &length);
                                  self->finish(one, error, one.socket.native_handle());
                              });
    }

    [[nodiscard]] int under_way() const {
        int count = 0;
        for (const auto& one : attempts) count += one->error == EINPROGRESS;
        return count;
    }

    void close() {
        boost::system::error_code ignored;
        for (auto& one : attempts) one->socket.close(ignored);
    }

private:
    void finish(Attempt& one, int error, int fd) {
        one.took = SystemClock::read() - one.began;
        one.error = error;
        if (error == ECONNREFUSED && fd >= 0) one.without_segment = segments_received(fd) == 0u;
        if (error == 0 && !winner) winner = &one;
        alarm.notify();
    }

    asio::any_io_executor loop_;

public:
    std::vector<std::unique_ptr<Attempt>> attempts;
    Attempt* winner = nullptr;
    Alarm alarm;

private:
    bool knocks_;
};

/// Closes the losers, also when the waiting task is cancelled.
class Closing {
public:
    explicit Closing(Race& race) : race_(race) {}
    ~Closing() { race_.close(); }

private:
    Race& race_;
};

Code code_of(int error) {
    switch (error) {
        case ECONNREFUSED: return Code::refused;
        case ECONNRESET: return Code::lost;  // a SYN is answered by ECONNREFUSED: this one was accepted first
        case EHOSTUNREACH:
        case ENETUNREACH:
        case EHOSTDOWN:
        case ENETDOWN:
        case EACCES:
        case EPERM:
        case EADDRNOTAVAIL: return Code::unreachable;
        case EINPROGRESS:
        case ETIMEDOUT: return Code::timed_out;
        default: return Code::local;
    }
}

int weight(Code code) {
    switch (code) {
        case Code::lost: return 5;
        case Code::refused: return 4;
        case Code::timed_out: return 3;
        case Code::local: return 2;
        default: return 1;
    }
}

Error tell(const Race& race, Duration took) {
    Code code = Code::unreachable;
    std::string words;
    for (const auto& one : race.attempts) {
        const Code mine = code_of(one->error);
        if (weight(mine) > weight(code)) code = mine;
        if (!words.empty()) words += ", ";
        words += one->endpoint.address() + " port " + std::to_string(one->endpoint.port()) + ": ";
        words += one->error == EINPROGRESS  ? "no answer"
                 : one->without_segment     ? "rejected by ICMP"
                 : one->error == ECONNRESET ? "accepted, and reset at once"
                                            : std::strerror(one->error);
    }
    return Error(code, Stage::tcp, words).after(took);
}

}  // namespace

void set_keepalive(int fd, bool on) noexcept {
    constexpr int each = 15, missed = 4;
    const int wanted = on ? 1 : 0;
    ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &each, sizeof each);
    ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &each, sizeof each);
    ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &missed, sizeof missed);
    ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &wanted, sizeof wanted);
}

void set_reset_on_close(int fd, bool reset) noexcept {
    const linger how{reset ? 1 : 0, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &how, sizeof how);
}

Async<std::optional<Knock>> knock_once(const asio::any_io_executor& loop, Endpoint endpoint, Instant deadline) {
    auto race = std::make_shared<Race>(loop, true);
    const Closing closing(*race);
    race->start(endpoint);
    while (race->under_way() && SystemClock::read() < deadline) co_await race->alarm.wait(deadline);
    const Attempt& one = *race->attempts.front();
    if (one.error == EINPROGRESS) co_return std::nullopt;
    Knock knock;
    knock.error = one.error;
    knock.took = one.took;
    knock.without_segment = one.without_segment;
    knock.locally = one.locally;
    co_return knock;
}

Async<Result<Fd>> dial(const asio::any_io_executor& loop, std::vector<Endpoint> endpoints, Instant deadline) {
    auto race = std::make_shared<Race>(loop);
    const Closing closing(*race);
    const Instant began = SystemClock::read();
    Instant next_start = began;
    std::size_t next = 0;
    while (!race->winner) {
        const Instant now = SystemClock::read();
        const bool more = next < endpoints.size();
        if (now >= deadline || (!more && !race->under_way())) co_return std::unexpected(tell(*race, now - began));
        if (more && (now >= next_start || !race->under_way())) {
            race->start(endpoints[next++]);
            next_start = SystemClock::read() + stagger;
            continue;
        }
        co_await race->alarm.wait(more ? std::min(next_start, deadline) : deadline);
    }
    Fd fd(race->winner->socket.release());
    const int on = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    co_return std::move(fd);
}

}  // namespace vmc::edge
