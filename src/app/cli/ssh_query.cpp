// SPDX-License-Identifier: Apache-2.0
#include "app/cli/ssh_query.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <string_view>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/cli/bell.hpp"
#include "app/cli/signals.hpp"

namespace vmc::cli {

namespace {

/// `Match exec` in a user's configuration may run anything.
constexpr Duration query_within = std::chrono::seconds(10);
constexpr std::size_t longest_answer = 1U << 20U;

class Pipe {
public:
    Pipe() { opened_ = ::pipe2(ends_.data(), O_CLOEXEC) == 0; }
    ~Pipe() {
        close(0);
        close(1);
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    void close(std::size_t end) {
        if (ends_[end] >= 0) ::close(ends_[end]);
        ends_[end] = -1;
    }
    [[nodiscard]] int operator[](std::size_t end) const { return ends_[end]; }
    [[nodiscard]] bool opened() const { return opened_; }

private:
    std::array<int, 2> ends_{-1, -1};
    bool opened_ = false;
};

pid_t start(const std::string& program, const std::vector<std::string>& arguments, const Pipe& out, const Pipe& err) {
    std::vector<char*> argv{const_cast<char*>(program.c_str()), const_cast<char*>("-G")};
    for (const auto& word : arguments) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawnattr_init(&how);
    ::posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&files, out[1], 1);
    ::posix_spawn_file_actions_adddup2(&files, err[1], 2);
    sigset_t defaults;
    ::sigemptyset(&defaults);
    ::sigaddset(&defaults, SIGPIPE);  // we ignore it; children should not
    ::posix_spawnattr_setsigdefault(&how, &defaults);
    ::posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGDEF);
    pid_t child = -1;
    const int error = ::posix_spawn(&child, program.c_str(), &files, &how, argv.data(), environ);
    ::posix_spawn_file_actions_destroy(&files);
    ::posix_spawnattr_destroy(&how);
    return error == 0 ? child : -1;
}

/// Both to their end; false when time is up or somebody interrupts us.
bool read_both(Pipe& out, Pipe& err, std::string& printed, std::string& complaint) {
    const Instant deadline = now() + query_within;
    while (out[0] >= 0 || err[0] >= 0) {
        pollfd ends[] = {{out[0], POLLIN, 0}, {err[0], POLLIN, 0}};
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(left_until(deadline)).count();
        if (left == 0 || Signals::wish() != 0) return false;
        if (::poll(ends, 2, static_cast<int>(left)) <= 0) continue;
        for (std::size_t i = 0; i < 2; ++i) {
            if (ends[i].revents == 0) continue;
            std::array<char, 16384> piece{};
            const auto got = ::read(ends[i].fd, piece.data(), piece.size());
            auto& text = i == 0 ? printed : complaint;
            if (got > 0 && text.size() < longest_answer) text.append(piece.data(), static_cast<std::size_t>(got));
            else if (got == 0 || errno != EINTR) (i == 0 ? out : err).close(0);
        }
    }
    return true;
}

std::string last_line(const std::string& text) {
    std::istringstream lines(text);
    std::string line;
    std::string last;
    while (std::getline(lines, line))
        if (line.find_first_not_of(" \t\r") != std::string::npos) last = line;
    while (!last.empty() && last.back() == '\r') last.pop_back();
    return last;
}

}  // namespace

std::string find_ssh() {
    const char* path = std::getenv("PATH");
    std::istringstream folders(path != nullptr ? path : "/usr/bin:/bin");
    for (std::string folder; std::getline(folders, folder, ':');) {
        const auto candidate = (folder.empty() ? "." : folder) + "/ssh";
        if (::access(candidate.c_str(), X_OK) == 0) return candidate;
    }
    return {};
}

Expected<std::string> ask_ssh(const std::string& ssh, const std::vector<std::string>& arguments) {
    Pipe out;
    Pipe err;
    const pid_t child = out.opened() && err.opened() ? start(ssh, arguments, out, err) : -1;
    if (child < 0) return our_failure("config: cannot start " + ssh + ": " + std::strerror(errno));
    out.close(1);
    err.close(1);
    std::string printed;
    std::string complaint;
    const bool finished = read_both(out, err, printed, complaint);
    if (!finished) ::kill(child, SIGKILL);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (!finished) return our_failure("config: ssh -G did not answer within 10 s");
    if (status != 0) return usage("config: ssh says: " + last_line(complaint));
    return printed;
}

}  // namespace vmc::cli
