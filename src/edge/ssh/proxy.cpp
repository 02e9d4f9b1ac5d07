// SPDX-License-Identifier: Apache-2.0
#include "edge/ssh/proxy.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "edge/os/alarm.hpp"
#include "edge/os/spawn_plan.hpp"
#include "edge/os/system_clock.hpp"

namespace vmc::edge {

namespace asio = boost::asio;

namespace {
constexpr std::size_t proxy_words_kept = 1024;
constexpr std::chrono::seconds patience{2};  // between TERM and KILL

Result<std::unique_ptr<ProxyProcess>> no_proxy(const char* what, int error) {
    return failed(Code::local, Stage::tcp, std::string("proxy command: ") + what + ": " + std::strerror(error));
}
}  // namespace

/// Kept alive by its own pending waits until the process has been reaped.
struct ProxyProcess::State : std::enable_shared_from_this<State> {
    explicit State(const asio::any_io_executor& loop) : errors(loop), process(loop), timer(loop), changed(loop) {}

    void read_errors() {
        errors.async_read_some(asio::buffer(piece), [self = shared_from_this()](auto failure, std::size_t size) {
            if (failure) return self->say_no_more();
            self->words.append(self->piece.data(), size);
            if (self->words.size() > proxy_words_kept) self->words.erase(0, self->words.size() - proxy_words_kept);
            self->read_errors();
        });
    }

    void say_no_more() {
        silent = true;
        changed.notify();
    }

    void reap_when_over() {
        process.async_wait(asio::posix::stream_descriptor::wait_read, [self = shared_from_this()](auto failure) {
            if (!failure) self->reap();
        });
    }

    void reap() {
        if (pid <= 0 || ::waitpid(pid, nullptr, WNOHANG) == 0) return;
        pid = -1;
        timer.cancel();
        boost::system::error_code ignored;
        process.close(ignored);
    }

    void finish() {
        reap();
        if (pid <= 0) return;
        ::kill(-pid, SIGTERM);
        timer.expires_after(patience);
        timer.async_wait([self = shared_from_this()](auto aborted) {
            if (!aborted && self->pid > 0) ::kill(-self->pid, SIGKILL);
        });
    }

    asio::posix::stream_descriptor errors;
    asio::posix::stream_descriptor process;  // a pidfd
    asio::steady_timer timer;
    std::array<char, 512> piece{};
    std::string words;
    bool silent = false;
    Alarm changed;
    pid_t pid = -1;
};

Result<std::unique_ptr<ProxyProcess>> ProxyProcess::start(const asio::any_io_executor& loop, const std::string& command,
                                                          Fd& socket) {
    std::array<int, 2> pair{};
    std::array<int, 2> pipe{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0) return no_proxy("socketpair", errno);
    Fd ours(pair[0]);
    const Fd theirs(pair[1]);
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return no_proxy("pipe", errno);
    Fd reading(pipe[0]);
    const Fd writing(pipe[1]);
    ::fcntl(ours.get(), F_SETFL, O_NONBLOCK);  // our end only: sh expects a blocking stdin

    const SpawnPlan plan(theirs.get(), theirs.get(), writing.get());
    std::string line = "exec " + command;
    std::array<char*, 4> argv{const_cast<char*>("sh"), const_cast<char*>("-c"), line.data(), nullptr};
    auto state = std::make_shared<State>(loop);
    const int error = ::posix_spawn(&state->pid, "/bin/sh", &plan.files, &plan.how, argv.data(), environ);
    if (error != 0) return no_proxy("cannot start", error);

    state->errors.assign(reading.release());
    state->read_errors();
    Fd watch(static_cast<int>(::syscall(SYS_pidfd_open, state->pid, 0)));
    if (watch) {
        state->process.assign(watch.release());
        state->reap_when_over();
    }
    socket = std::move(ours);
    return std::unique_ptr<ProxyProcess>(new ProxyProcess(std::move(state)));
}

ProxyProcess::~ProxyProcess() {
    boost::system::error_code ignored;
    state_->errors.close(ignored);
    state_->finish();
}

Async<void> ProxyProcess::fall_silent(Instant until) {
    const auto state = state_;
    while (!state->silent && SystemClock::read() < until) co_await state->changed.wait(until);
}

std::string ProxyProcess::last_words() const {
    std::string_view words = state_->words;
    while (!words.empty() && (words.back() == '\n' || words.back() == '\r')) words.remove_suffix(1);
    const auto line = words.rfind('\n');
    return std::string(line == std::string_view::npos ? words : words.substr(line + 1));
}

namespace {
bool plain(std::string_view word) {
    const auto harmless = [](unsigned char c) { return std::isalnum(c) || std::strchr("._:%@-+", c); };
    return !word.empty() && word.front() != '-' && std::all_of(word.begin(), word.end(), harmless);
}
}  // namespace

Result<std::string> proxy_command_for(const Target& target) {
    std::string line;
    const std::string& text = target.proxy_command();
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%' || i + 1 == text.size()) {
            line += text[i];
            continue;
        }
        const char token = text[++i];
        if (token == '%') line += '%';
        else if (token == 'p') line += std::to_string(target.port());
        else if (token == 'h' || token == 'n' || token == 'r') {
            const std::string& word = token == 'r' ? target.user() : target.host();
            if (!plain(word))
                return failed(Code::bad_request, Stage::config, "not a plain name for a proxy command: " + word);
            line += word;
        } else {
            line += '%';
            line += token;
        }
    }
    return line;
}

}  // namespace vmc::edge
