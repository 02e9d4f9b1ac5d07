// SPDX-License-Identifier: Apache-2.0
// A program that prints a console for as long as it runs.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <utility>

#include <boost/asio/posix/stream_descriptor.hpp>

#include "edge/console/consoles.hpp"
#include "edge/os/alarm.hpp"
#include "edge/os/readable.hpp"
#include "edge/os/reader_process.hpp"
#include "model/power_text.hpp"

namespace vmc::edge {

namespace asio = boost::asio;

namespace {

constexpr std::size_t words_kept = 1024;
/// Between the end of its stdout and its own: more would be a program that goes on for nobody.
constexpr std::chrono::seconds last_breath{1};

/// The last of what it says on its stderr, which must never fill: a full pipe would hold it up.
struct Complaints : std::enable_shared_from_this<Complaints> {
    explicit Complaints(const asio::any_io_executor& loop) : pipe(loop) {}
    void listen() {
        pipe.async_read_some(asio::buffer(piece), [self = shared_from_this()](auto failure, std::size_t size) {
            if (failure) return;
            self->words.append(self->piece.data(), size);
            if (self->words.size() > words_kept) self->words.erase(0, self->words.size() - words_kept);
            self->listen();
        });
    }
    asio::posix::stream_descriptor pipe;
    std::array<char, 512> piece{};
    std::string words;
};

class CommandConsole final : public port::Console {
public:
    CommandConsole(OffLoop& helpers, std::vector<std::string> argv)
        : helpers_(helpers), argv_(std::move(argv)), alarm_(helpers.loop()) {}
    ~CommandConsole() override { end(); }

    Async<Result<void>> open(std::string, Instant) override {
        end();
        auto started = ReaderProcess::start(argv_);
        if (!started) co_return std::unexpected(std::move(started.error()));
        pid_ = started->pid;
        out_ = std::make_unique<Readable>(helpers_.loop(), std::move(started->out));
        process_ = std::make_unique<Readable>(helpers_.loop(), std::move(started->process));
        complaints_ = std::make_shared<Complaints>(helpers_.loop());
        complaints_->pipe.assign(started->err.release());
        complaints_->listen();
        co_return Result<void>();
    }

    Async<Result<std::string>> next() override {
        std::array<char, 65536> piece{};
        while (out_) {
            const auto got = ::read(out_->fd(), piece.data(), piece.size());
            if (got > 0) co_return std::string(piece.data(), static_cast<std::size_t>(got));
            if (got < 0 && errno == EINTR) continue;
            if (got < 0 && errno == EAGAIN) {
                co_await out_->wait();
                continue;
            }
            co_return co_await over();
        }
        co_return failed(Code::lost, Stage::none, told() + " does not run");
    }

    [[nodiscard]] bool is_at_end() const override { return false; }
    Async<void> wait_for_change(Instant until) override { return alarm_.wait(until); }
    [[nodiscard]] std::string place() const override { return {}; }
    [[nodiscard]] std::string told() const override { return argv_.front(); }

private:
    Async<Result<std::string>> over() {
        co_await process_->wait(SystemClock::read() + last_breath);
        siginfo_t how{};
        const bool ended =
            ::waitid(P_PID, static_cast<id_t>(pid_), &how, WEXITED | WNOHANG | WNOWAIT) == 0 && how.si_pid == pid_;
        const auto code = ended && how.si_code == CLD_EXITED ? std::optional(how.si_status) : std::nullopt;
        std::array<char, 512> piece{};
        for (ssize_t got = 1; complaints_->pipe.is_open() && got > 0;) {
            got = ::read(complaints_->pipe.native_handle(), piece.data(), piece.size());
            if (got > 0) complaints_->words.append(piece.data(), static_cast<std::size_t>(got));
        }
        std::string why = !ended      ? " closed its stdout"
                          : code == 0 ? " ended"
                                      : ": " + model::how_it_failed(code, "", complaints_->words);
        end();
        co_return failed(Code::lost, Stage::none, told() + why);
    }

    /// Its group goes while its leader, not yet reaped, holds the number.
    void end() {
        if (pid_ <= 0) return;
        ::kill(-pid_, SIGKILL);
        auto reap = [pid = pid_] { ::waitpid(pid, nullptr, 0); };
        helpers_.submit(std::move(reap), [] {});
        pid_ = -1;
        out_.reset();
        process_.reset();
        boost::system::error_code ignored;
        complaints_->pipe.close(ignored);
        complaints_.reset();
    }

    OffLoop& helpers_;
    const std::vector<std::string> argv_;
    Alarm alarm_;
    pid_t pid_ = -1;
    std::unique_ptr<Readable> out_;
    std::unique_ptr<Readable> process_;
    std::shared_ptr<Complaints> complaints_;
};

}  // namespace

std::unique_ptr<port::Console> make_command_console(OffLoop& helpers, const ConsoleSource& described) {
    auto argv = described.argv();
    if (argv.empty()) argv.emplace_back();  // starting it says so
    return std::make_unique<CommandConsole>(helpers, std::move(argv));
}

}  // namespace vmc::edge
