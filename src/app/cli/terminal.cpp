// SPDX-License-Identifier: Apache-2.0
#include "app/cli/terminal.hpp"

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <string_view>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

namespace vmc::cli {

namespace {

// Set once before `changed_fd`, read after it: also by a signal handler.
termios original;
std::atomic<int> changed_fd{-1};
std::atomic<bool> raw{false};

bool change(int fd, void (*how)(termios&)) {
    termios settings{};
    if (changed_fd.load() >= 0 || ::tcgetattr(fd, &settings) != 0) return false;
    original = settings;
    changed_fd.store(fd);
    how(settings);
    return ::tcsetattr(fd, TCSADRAIN, &settings) == 0;
}

std::optional<std::string> read_line(int fd) {
    std::string line;
    for (char c = 0;;) {
        const auto got = ::read(fd, &c, 1);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return std::nullopt;
        if (c == '\n') return line;
        if (line.size() < 4096) line += c;
    }
}

}  // namespace

bool Terminal::make_raw() {
    if (::isatty(STDIN_FILENO) == 0) return false;
    raw = change(STDIN_FILENO, [](termios& t) { ::cfmakeraw(&t); });
    return raw;
}

bool Terminal::is_raw() noexcept { return raw.load(); }

void Terminal::restore() noexcept {
    const int fd = changed_fd.load();
    if (fd < 0) return;
    ::tcsetattr(fd, TCSADRAIN, &original);
    raw = false;
    changed_fd.store(-1);
}

Pty Terminal::describe() {
    const char* term = std::getenv("TERM");
    Pty pty(term != nullptr && *term != '\0' ? term : "xterm");
    winsize size{};
    if (::ioctl(STDIN_FILENO, TIOCGWINSZ, &size) != 0 && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return pty;
    if (size.ws_col > 0) pty.columns = size.ws_col;
    if (size.ws_row > 0) pty.rows = size.ws_row;
    return pty;
}

std::optional<std::string> Terminal::ask_secretly(const std::string& question) {
    const int fd = ::open("/dev/tty", O_RDWR | O_CLOEXEC);
    if (fd < 0) return std::nullopt;
    std::optional<std::string> answer;
    if (change(fd, [](termios& t) { t.c_lflag &= ~static_cast<tcflag_t>(ECHO); })) {
        [[maybe_unused]] auto asked = ::write(fd, question.data(), question.size());
        answer = read_line(fd);
        asked = ::write(fd, "\n", 1);
        restore();
    }
    ::close(fd);
    return answer;
}

std::size_t Terminal::width(int fd) {
    winsize size{};
    return ::isatty(fd) != 0 && ::ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

bool Terminal::wants_colour(int fd) {
    const auto set = [](const char* name) {
        const char* value = std::getenv(name);
        return value != nullptr && *value != '\0';
    };
    const char* term = std::getenv("TERM");
    return ::isatty(fd) != 0 && !set("NO_COLOR") && term != nullptr && std::string_view(term) != "dumb";
}

}  // namespace vmc::cli
