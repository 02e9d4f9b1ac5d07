// SPDX-License-Identifier: Apache-2.0
#include "sim/prober.hpp"

#include <algorithm>
#include <memory>

#include "flow/deadline.hpp"
#include "flow/event.hpp"

namespace vmc::sim {

namespace {

constexpr Packet echo_packet{64};

/// An echo on its way; it may come back after whoever asked has gone.
class Echo {
public:
    explicit Echo(const boost::asio::any_io_executor& executor) : changed(executor) {}
    bool back = false;
    flow::Event changed;
};

class Knock final : public TcpUser {
public:
    Knock(const boost::asio::any_io_executor& executor, std::shared_ptr<TcpConnection> tcp)
        : changed(executor), tcp_(std::move(tcp)) {
        tcp_->client.attach(this);
        tcp_->knock();
    }
    Knock(const Knock&) = delete;
    ~Knock() override { tcp_->client.abort(); }
    void connected() override { tell(port::PortAnswer::open, "open"); }
    void received(const Message&) override {}
    void ended(Ending ending) override {
        switch (ending) {
            case Ending::refused: return tell(port::PortAnswer::refused, words(ending));
            case Ending::rejected: return tell(port::PortAnswer::rejected, words(ending));
            case Ending::no_neighbour: return tell(port::PortAnswer::no_neighbour, words(ending));
            default: return tell(port::PortAnswer::silent, words(ending));
        }
    }
    port::PortAnswer answer = port::PortAnswer::unknown;
    std::string detail;
    flow::Event changed;

private:
    void tell(port::PortAnswer what, std::string_view why) {
        answer = what;
        detail = why;
        changed.notify();
    }
    std::shared_ptr<TcpConnection> tcp_;
};

}  // namespace

Async<Result<std::vector<std::string>>> SimProber::resolve(std::string host, Instant deadline) {
    if (!network_.names_answer) co_await clock_.sleep_until(deadline);
    if (!network_.names_answer) co_return failed(Code::timed_out, Stage::resolve, "the resolver does not answer");
    const SimHost* const found = network_.find(host);
    if (!found) co_return failed(Code::unknown_name, Stage::resolve, "nobody knows " + host);
    std::vector<std::string> addresses;
    addresses.push_back(found->address());
    co_return addresses;
}

Async<port::PingReading> SimProber::ping(std::string address, Instant deadline) {
    port::PingReading reading;
    reading.detail = "not allowed";
    if (!may_ping) co_return reading;
    const Instant began = clock_.now();
    const auto echo = std::make_shared<Echo>(executor_);
    if (SimHost* const host = network_.find(address)) {
        host->path.carry(Way::out, echo_packet, [host, echo] {
            if (!host->answers_ping()) return;
            host->path.carry(Way::in, echo_packet, [echo] {
                echo->back = true;
                echo->changed.notify();
            });
        });
    }
    if (!echo->back) co_await flow::finishes(clock_, deadline, echo->changed.wait());
    reading.answer = echo->back ? Answer::works : Answer::fails;
    reading.round_trip = clock_.now() - began;
    reading.detail = echo->back ? "echo" : "no echo";
    co_return reading;
}

Async<port::PortReading> SimProber::knock(std::string address, std::uint16_t port, Instant deadline) {
    const Instant began = clock_.now();
    Knock knock(executor_, network_.connection(address, port));
    while (knock.answer == port::PortAnswer::unknown) {
        auto woken = knock.changed.wait();
        const bool in_time = co_await flow::finishes(clock_, deadline, std::move(woken));
        if (!in_time) break;
    }
    port::PortReading reading;
    const bool silent = knock.answer == port::PortAnswer::unknown;
    reading.answer = silent ? port::PortAnswer::silent : knock.answer;
    reading.took = clock_.now() - began;
    reading.detail = silent ? "no answer" : knock.detail;
    co_return reading;
}

Async<port::OwnReading> SimProber::look_at_ourselves(std::string address, Instant deadline) {
    port::OwnReading reading;
    const SimHost* const host = network_.find(address);
    reading.on_link = host && host->path.local;
    if (reading.on_link) {
        reading.network = network_.has_carrier() ? Answer::unknown : Answer::fails;
        reading.detail = network_.has_carrier() ? "on our own network" : "no carrier";
        co_return reading;
    }
    // A gateway that cannot be heard is known after the second that is waited for its echo.
    if (!network_.gateway_answers())
        co_await clock_.sleep_until(std::min(deadline, clock_.now() + std::chrono::seconds(1)));
    reading.network = network_.gateway_answers() ? Answer::works : Answer::fails;
    reading.detail = network_.gateway_answers() ? "our gateway answers" : "our gateway does not answer";
    co_return reading;
}

}  // namespace vmc::sim
