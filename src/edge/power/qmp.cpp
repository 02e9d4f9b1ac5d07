// SPDX-License-Identifier: Apache-2.0
// QEMU's machine protocol: one JSON line asks, one answers, events in between.
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <nlohmann/json.hpp>

#include "edge/os/fd.hpp"
#include "edge/os/system_clock.hpp"
#include "edge/os/unix_socket.hpp"
#include "edge/power/switches.hpp"
#include "model/power_text.hpp"

namespace vmc::edge {

namespace {

using json = nlohmann::json;

constexpr std::size_t longest_line = 1U << 20U;

std::unexpected<Error> trouble(Code code, std::string what) { return failed(code, Stage::none, std::move(what)); }

/// One conversation with QEMU, on a thread that may block.
class Monitor {
public:
    Monitor(Fd socket, Instant deadline) : socket_(std::move(socket)), deadline_(deadline) {}

    /// The greeting, and what has to be said first.
    Result<void> greet() {
        auto greeting = message();
        if (!greeting) return std::unexpected(greeting.error());
        if (!greeting->contains("QMP")) return trouble(Code::protocol, "no QEMU monitor answers there");
        auto ready = ask("qmp_capabilities");
        if (!ready) return std::unexpected(ready.error());
        return {};
    }

    /// What "return" holds. Events that come meanwhile are dropped.
    Result<json> ask(const std::string& command) {
        auto sent = send(json{{"execute", command}}.dump() + "\n");
        if (!sent) return std::unexpected(sent.error());
        for (;;) {
            auto answer = message();
            if (!answer) return std::unexpected(answer.error());
            if (answer->contains("event")) continue;
            if (answer->contains("return")) return std::move((*answer)["return"]);
            const auto error = answer->value("error", json::object());
            const auto words = error.is_object() ? error.value("desc", json("an error")) : json("an error");
            return trouble(Code::lost,
                           command + ": " + model::last_words(words.is_string() ? words.get<std::string>() : "", ""));
        }
    }

private:
    [[nodiscard]] bool ready(short what) {
        pollfd one{socket_.get(), what, 0};
        for (;;) {
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - SystemClock::read()).count();
            if (left <= 0) return false;
            const int found = ::poll(&one, 1, static_cast<int>(std::min<std::int64_t>(left, 60'000)));
            if (found > 0) return true;
            if (found < 0 && errno != EINTR) return false;
        }
    }

    Result<void> send(std::string_view text) {
        while (!text.empty()) {
            const auto sent = ::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL);
            if (sent > 0) text.remove_prefix(static_cast<std::size_t>(sent));
            else if (errno != EAGAIN && errno != EINTR) return trouble(Code::lost, "QEMU closed its monitor");
            else if (!ready(POLLOUT)) return trouble(Code::timed_out, "QEMU does not listen");
        }
        return {};
    }

    Result<json> message() {
        for (;;) {
            if (const auto end = heard_.find('\n'); end != std::string::npos) {
                auto read = json::parse(heard_.substr(0, end), nullptr, false);
                heard_.erase(0, end + 1);
                if (!read.is_object()) return trouble(Code::protocol, "what answers is no QEMU monitor");
                return read;
            }
            if (heard_.size() > longest_line) return trouble(Code::protocol, "what answers is no QEMU monitor");
            std::array<char, 16384> piece{};
            const auto got = ::recv(socket_.get(), piece.data(), piece.size(), 0);
            if (got > 0) heard_.append(piece.data(), static_cast<std::size_t>(got));
            else if (got == 0) return trouble(Code::lost, "QEMU closed its monitor");
            else if (errno != EAGAIN && errno != EINTR) return trouble(Code::lost, std::strerror(errno));
            else if (!ready(POLLIN))
                return trouble(Code::timed_out, "QEMU's monitor does not answer (it speaks to one client at a time)");
        }
    }

    Fd socket_;
    Instant deadline_;
    std::string heard_;
};

PowerReading reading_of(const json& answer) {
    PowerReading reading;
    const auto status = answer.is_object() ? answer.value("status", json()) : json();
    if (!status.is_string()) return reading;
    reading.state = model::state_of_qemu(status.get<std::string>());
    reading.detail = "QEMU says " + model::last_words(status.get<std::string>(), "");
    return reading;
}

class QmpSwitch final : public port::PowerSwitch {
public:
    QmpSwitch(OffLoop& helpers, std::string socket) : helpers_(helpers), path_(std::move(socket)) {}

    Async<Result<PowerReading>> read(Instant deadline) override {
        std::function<Result<PowerReading>()> job = [path = path_, deadline]() -> Result<PowerReading> {
            auto socket = connect_unix(path);
            // The file lies there, and no process listens: that QEMU has ended, but its machine may run in another.
            if (!socket && socket.error().code() == Code::refused) {
                PowerReading nobody;
                nobody.detail = "no QEMU serves its monitor: it has ended, or was started with another one";
                return nobody;
            }
            if (!socket) return std::unexpected(socket.error());
            Monitor monitor(std::move(*socket), deadline);
            auto greeted = monitor.greet();
            if (!greeted) return std::unexpected(greeted.error());
            auto answer = monitor.ask("query-status");
            if (!answer) return std::unexpected(answer.error());
            return reading_of(*answer);
        };
        auto found = co_await helpers_.run(std::move(job), deadline + std::chrono::seconds(1));
        if (!found) co_return trouble(Code::timed_out, "QEMU's monitor does not answer");
        co_return std::move(*found);
    }

    Async<Result<void>> act(PowerAction action, Instant deadline) override {
        std::function<Result<void>()> job = [path = path_, action, deadline]() -> Result<void> {
            auto socket = connect_unix(path);
            if (!socket) return std::unexpected(socket.error());
            Monitor monitor(std::move(*socket), deadline);
            auto done = monitor.greet();
            if (!done) return done;
            for (const char* command : commands(action)) {
                auto answer = monitor.ask(command);
                if (!answer) return std::unexpected(answer.error());
            }
            return {};
        };
        auto ended = co_await helpers_.run(std::move(job), deadline + std::chrono::seconds(1));
        if (!ended) co_return trouble(Code::timed_out, "QEMU's monitor does not answer");
        co_return std::move(*ended);
    }

    [[nodiscard]] bool can(PowerAction action) const override { return !commands(action).empty(); }
    [[nodiscard]] std::string told(PowerAction action) const override {
        std::string text = "QEMU at " + path_ + ":";
        for (const char* command : commands(action)) text += std::string(" ") + command;
        return text;
    }

private:
    /// A machine that panicked or shut itself down has been stopped: after a reset it has to be let go on. One that
    /// is quit is not started again through its own monitor.
    static std::vector<const char*> commands(PowerAction action) {
        switch (action) {
            case PowerAction::reset:
            case PowerAction::on: return {"system_reset", "cont"};
            case PowerAction::nmi: return {"inject-nmi"};
            default: return {};
        }
    }

    OffLoop& helpers_;
    std::string path_;
};

}  // namespace

std::unique_ptr<port::PowerSwitch> make_qmp_switch(OffLoop& helpers, const vmc::PowerSwitch& described) {
    return std::make_unique<QmpSwitch>(helpers, described.where());
}

}  // namespace vmc::edge
