// SPDX-License-Identifier: Apache-2.0
// A serial port that QEMU serves as a unix socket.
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "edge/console/consoles.hpp"
#include "edge/os/file_watch.hpp"
#include "edge/os/readable.hpp"
#include "edge/os/unix_socket.hpp"

namespace vmc::edge {

namespace {

class SocketConsole final : public port::Console {
public:
    SocketConsole(OffLoop& helpers, std::string path) : loop_(helpers.loop()), path_(std::move(path)) {}

    Async<Result<void>> open(std::string, Instant) override {
        stream_.reset();
        // Before it is looked for: what comes in between is seen.
        if (!watch_) watch_ = std::make_unique<FileWatch>(loop_);
        const auto slash = path_.rfind('/');
        watch_->add(slash == std::string::npos ? "." : path_.substr(0, slash + 1));
        auto socket = connect_unix(path_);
        if (!socket) co_return std::unexpected(std::move(socket.error()));
        stream_ = std::make_unique<Readable>(loop_, std::move(*socket));
        co_return Result<void>();
    }

    Async<Result<std::string>> next() override {
        std::array<char, 65536> piece{};
        while (stream_) {
            const auto got = ::recv(stream_->fd(), piece.data(), piece.size(), 0);
            if (got > 0) co_return std::string(piece.data(), static_cast<std::size_t>(got));
            if (got < 0 && errno == EINTR) continue;
            if (got < 0 && errno == EAGAIN) {
                co_await stream_->wait();
                continue;
            }
            const std::string why = got == 0 ? "closed by the other side" : std::strerror(errno);
            stream_.reset();
            co_return failed(Code::lost, Stage::none, path_ + ": " + why);
        }
        co_return failed(Code::lost, Stage::none, path_ + ": not open");
    }

    [[nodiscard]] bool is_at_end() const override { return false; }
    Async<void> wait_for_change(Instant until) override { return watch_->wait(until); }
    [[nodiscard]] std::string place() const override { return {}; }
    [[nodiscard]] std::string told() const override { return path_; }

private:
    boost::asio::any_io_executor loop_;
    const std::string path_;
    std::unique_ptr<FileWatch> watch_;
    std::unique_ptr<Readable> stream_;
};

}  // namespace

std::unique_ptr<port::Console> make_socket_console(OffLoop& helpers, const ConsoleSource& described) {
    return std::make_unique<SocketConsole>(helpers, described.path());
}

std::unique_ptr<port::Console> RealConsoles::make(const ConsoleSource& described) {
    switch (described.kind()) {
        case ConsoleSource::Kind::socket: return make_socket_console(helpers_, described);
        case ConsoleSource::Kind::file: return make_file_console(helpers_, described);
        case ConsoleSource::Kind::command: return make_command_console(helpers_, described);
    }
    return nullptr;
}

}  // namespace vmc::edge
