// SPDX-License-Identifier: Apache-2.0
// QEMU's machine protocol: one JSON line asks, one answers, events in between.
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <nlohmann/json.hpp>

#include "edge/os/alarm.hpp"
#include "edge/os/fd.hpp"
#include "edge/os/readable.hpp"
#include "edge/os/system_clock.hpp"
#include "edge/os/unix_socket.hpp"
#include "edge/power/switches.hpp"
#include "model/power_text.hpp"

namespace vmc::edge {

namespace asio = boost::asio;

namespace {

using json = nlohmann::json;

constexpr std::size_t longest_line = 1U << 20U;
constexpr Duration order_within = std::chrono::seconds(5);
/// It keeps few callers waiting; the others have to come again.
constexpr Duration queue_again = std::chrono::milliseconds(100);

std::unexpected<Error> trouble(Code code, std::string what) { return failed(code, Stage::none, std::move(what)); }

PowerReading reading_of(const json& answer) {
    PowerReading reading;
    const auto status = answer.is_object() ? answer.value("status", json()) : json();
    if (!status.is_string()) return reading;
    reading.state = model::state_of_qemu(status.get<std::string>());
    reading.detail = "QEMU says " + model::last_words(status.get<std::string>(), "");
    return reading;
}

std::optional<PowerReading> reading_of_event(const json& said) {
    const auto name = said.value("event", json());
    if (!name.is_string()) return std::nullopt;
    const auto state = model::state_of_qemu_event(name.get<std::string>());
    if (!state) return std::nullopt;
    PowerReading reading;
    reading.state = *state;
    reading.detail = "QEMU says " + name.get<std::string>();  // one of the names that are known
    const auto data = said.value("data", json::object());
    const auto why = data.is_object() ? data.value("reason", json()) : json();
    if (why.is_string()) reading.detail += " (" + model::last_words(why.get<std::string>(), "") + ")";
    return reading;
}

/// One conversation with QEMU.
class Monitor {
public:
    Monitor(const asio::any_io_executor& loop, Fd socket, Instant deadline)
        : stream_(loop, std::move(socket)), deadline_(deadline) {}

    /// The greeting, and what has to be said first.
    Async<Result<void>> greet() {
        auto greeting = co_await message();
        if (!greeting) co_return std::unexpected(greeting.error());
        if (!greeting->contains("QMP")) co_return trouble(Code::protocol, "no QEMU monitor answers there");
        auto ready = co_await ask("qmp_capabilities");
        if (!ready) co_return std::unexpected(ready.error());
        co_return Result<void>();
    }

    /// What "return" holds. Events that come meanwhile are dropped.
    Async<Result<json>> ask(std::string command) {
        auto sent = send(command);
        if (!sent) co_return std::unexpected(sent.error());
        co_return co_await answer_to(std::move(command));
    }

    void answers_by(Instant deadline) { deadline_ = deadline; }
    Async<Result<void>> order(std::vector<std::string> commands) {
        for (const auto& command : commands) {
            auto answer = co_await ask(command);
            if (!answer) co_return std::unexpected(answer.error());
        }
        co_return Result<void>();
    }

    /// What it says unasked of how the machine stands.
    Async<Result<PowerReading>> event() {
        for (;;) {
            auto said = co_await message();
            if (!said) co_return std::unexpected(said.error());
            if (auto reading = reading_of_event(*said)) co_return std::move(*reading);
        }
    }

private:
    Async<Result<json>> answer_to(std::string command) {
        for (;;) {
            auto answer = co_await message();
            if (!answer) co_return std::unexpected(answer.error());
            if (answer->contains("event")) continue;
            if (answer->contains("return")) co_return std::move((*answer)["return"]);
            const auto error = answer->value("error", json::object());
            const auto words = error.is_object() ? error.value("desc", json("an error")) : json("an error");
            co_return trouble(
                Code::lost, command + ": " + model::last_words(words.is_string() ? words.get<std::string>() : "", ""));
        }
    }

    /// A command is short: a socket that takes none of it is one that nobody reads.
    Result<void> send(const std::string& command) {
        const auto line = json{{"execute", command}}.dump() + "\n";
        std::string_view text = line;
        while (!text.empty()) {
            const auto sent = ::send(stream_.fd(), text.data(), text.size(), MSG_NOSIGNAL);
            if (sent > 0) text.remove_prefix(static_cast<std::size_t>(sent));
            else if (errno == EAGAIN) return trouble(Code::timed_out, "QEMU does not listen");
            else if (errno != EINTR) return trouble(Code::lost, "QEMU closed its monitor");
        }
        return {};
    }

    Async<Result<json>> message() {
        for (;;) {
            if (const auto end = heard_.find('\n'); end != std::string::npos) {
                auto read = json::parse(heard_.substr(0, end), nullptr, false);
                heard_.erase(0, end + 1);
                if (!read.is_object()) co_return trouble(Code::protocol, "what answers is no QEMU monitor");
                co_return read;
            }
            if (heard_.size() > longest_line) co_return trouble(Code::protocol, "what answers is no QEMU monitor");
            // Each time by way of the loop: one that never stops talking must not hold up everything else.
            const bool ready = co_await stream_.wait(deadline_);
            if (!ready || SystemClock::read() >= deadline_)
                co_return trouble(Code::timed_out,
                                  "QEMU's monitor does not answer (it speaks to one client at a time)");
            std::array<char, 16384> piece{};
            const auto got = ::recv(stream_.fd(), piece.data(), piece.size(), 0);
            if (got > 0) heard_.append(piece.data(), static_cast<std::size_t>(got));
            else if (got == 0) co_return trouble(Code::lost, "QEMU closed its monitor");
            else if (errno != EAGAIN && errno != EINTR) co_return trouble(Code::lost, std::strerror(errno));
        }
    }

    Readable stream_;
    Instant deadline_;
    std::string heard_;
};

class QmpSwitch final : public port::PowerSwitch {
public:
    QmpSwitch(const asio::any_io_executor& loop, std::string socket)
        : loop_(loop), path_(std::move(socket)), alarm_(loop) {}

    Async<Result<PowerReading>> read(Instant deadline) override {
        auto monitor = co_await begin(deadline);
        // The file lies there, and no process listens: that QEMU has ended, but its machine may run in another.
        if (!monitor && monitor.error().code() == Code::refused) {
            PowerReading nobody;
            nobody.detail = "no QEMU serves its monitor: it has ended, or was started with another one";
            co_return nobody;
        }
        if (!monitor) co_return std::unexpected(monitor.error());
        auto answer = co_await (*monitor)->ask("query-status");
        if (!answer) co_return std::unexpected(answer.error());
        co_return reading_of(*answer);
    }

    Async<Result<void>> act(PowerAction action, Instant deadline) override {
        auto monitor = co_await begin(deadline);
        if (!monitor) co_return std::unexpected(monitor.error());
        (*monitor)->answers_by(std::min(deadline, SystemClock::read() + order_within));
        // What turns on one that is off would reset one that runs, and let one go on that somebody has paused.
        if (action == PowerAction::on) {
            auto answer = co_await (*monitor)->ask("query-status");
            if (!answer) co_return std::unexpected(answer.error());
            const auto stands = reading_of(*answer);
            if (stands.state == PowerState::on) co_return Result<void>();
            if (stands.state == PowerState::paused) co_return trouble(Code::declined, "it is paused: " + stands.detail);
        }
        auto order = std::make_shared<Order>();
        Alarm alarm(loop_);
        const Listening listening(*order, alarm);
        asio::co_spawn(loop_, carry_out(std::move(*monitor), commands(action), order),
                       [](const std::exception_ptr&) {});
        while (!order->done) co_await alarm.wait(never);
        co_return *order->done;
    }

    [[nodiscard]] bool speaks() const override { return true; }
    Async<std::optional<PowerReading>> overhear(Instant until) override {
        auto monitor = co_await begin(until);
        if (monitor) {
            auto said = co_await (*monitor)->event();
            if (said) co_return std::move(*said);
        }
        while (SystemClock::read() < until) co_await alarm_.wait(until);
        co_return std::nullopt;
    }

    [[nodiscard]] bool can(PowerAction action) const override { return !commands(action).empty(); }
    [[nodiscard]] std::string told(PowerAction action) const override {
        std::string text = "QEMU at " + path_ + ":";
        for (const auto& command : commands(action)) text += " " + command;
        return text;
    }

private:
    /// QEMU reads the second command when it has answered the first: were it not sent because who waits for it has
    /// left, the machine would stay reset and not let go on. So this goes on without him; QEMU answers at once, or
    /// hangs.
    struct Order {
        std::optional<Result<void>> done;
        Alarm* waiter = nullptr;
    };
    class Listening {
    public:
        Listening(Order& order, Alarm& alarm) : order_(order) { order_.waiter = &alarm; }
        Listening(const Listening&) = delete;
        ~Listening() { order_.waiter = nullptr; }

    private:
        Order& order_;
    };
    static Async<void> carry_out(std::unique_ptr<Monitor> monitor, std::vector<std::string> commands,
                                 std::shared_ptr<Order> order) {
        auto done = co_await monitor->order(std::move(commands));
        order->done = std::move(done);
        if (order->waiter != nullptr) order->waiter->notify();
    }

    Async<Result<std::unique_ptr<Monitor>>> begin(Instant deadline) {
        auto socket = connect_unix(path_);
        while (!socket && socket.error().code() == Code::throttled && SystemClock::read() + queue_again < deadline) {
            co_await alarm_.wait(SystemClock::read() + queue_again);
            socket = connect_unix(path_);
        }
        if (!socket) co_return std::unexpected(socket.error());
        auto monitor = std::make_unique<Monitor>(loop_, std::move(*socket), deadline);
        auto greeted = co_await monitor->greet();
        if (!greeted) co_return std::unexpected(greeted.error());
        co_return monitor;
    }

    /// A machine that panicked or shut itself down has been stopped: after a reset it has to be let go on. One that
    /// is quit is not started again through its own monitor.
    static std::vector<std::string> commands(PowerAction action) {
        switch (action) {
            case PowerAction::reset:
            case PowerAction::on: return {"system_reset", "cont"};
            case PowerAction::nmi: return {"inject-nmi"};
            default: return {};
        }
    }

    asio::any_io_executor loop_;
    std::string path_;
    Alarm alarm_;
};

}  // namespace

std::unique_ptr<port::PowerSwitch> make_qmp_switch(OffLoop& helpers, const vmc::PowerSwitch& described) {
    return std::make_unique<QmpSwitch>(helpers.loop(), described.where());
}

}  // namespace vmc::edge
