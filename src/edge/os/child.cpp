// SPDX-License-Identifier: Apache-2.0
#include "edge/os/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "edge/os/pipe.hpp"
#include "edge/os/spawn_plan.hpp"
#include "edge/os/system_clock.hpp"

namespace vmc::edge {

namespace {

constexpr std::size_t kept = 1U << 20U;
constexpr std::chrono::seconds between_term_and_kill{2};
constexpr std::chrono::milliseconds attend_each{100};

std::unexpected<Error> no_child(const std::string& program, int error) {
    return failed(Code::local, Stage::none, "cannot start " + program + ": " + std::strerror(error));
}

class Child {
public:
    Child(pid_t pid, Fd out, Fd err)
        : pid_(pid), watch_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))), out_(std::move(out)),
          err_(std::move(err)) {}

    ChildEnd run(Instant deadline, const std::function<bool()>& stop) {
        Instant until = deadline;
        bool killed = false;
        while (!over_) {
            const Instant now = SystemClock::read();
            const bool unwanted = now >= until || (!end_.late && stop && stop());
            if (unwanted && !end_.late) {
                end_.late = true;
                ::kill(-pid_, SIGTERM);
                until = now + between_term_and_kill;
            } else if (unwanted && !killed) {
                killed = true;
                ::kill(-pid_, SIGKILL);
                until = now + between_term_and_kill;
            }
            attend(std::min<Duration>(attend_each, std::max(Duration{0}, until - now)));
        }
        // What is already in the pipes is its; a grandchild that holds them open is waited for by nobody.
        take(out_, end_.out);
        take(err_, end_.err);
        if (end_.late) ::kill(-pid_, SIGKILL);
        return std::move(end_);
    }

private:
    void attend(Duration at_most) {
        std::array<pollfd, 3> what{{{watch_.get(), POLLIN, 0}, {out_.get(), POLLIN, 0}, {err_.get(), POLLIN, 0}}};
        const auto wait = std::chrono::ceil<std::chrono::milliseconds>(at_most);
        if (::poll(what.data(), what.size(), static_cast<int>(wait.count())) <= 0 && watch_) return;
        if (what[1].revents != 0) take(out_, end_.out);
        if (what[2].revents != 0) take(err_, end_.err);
        reap();
    }

    /// Not endlessly, of a program that never stops to write.
    static void take(Fd& from, std::string& text) {
        std::array<char, 16384> piece{};
        for (int pieces = 0; from && pieces < 64; ++pieces) {
            const auto got = ::read(from.get(), piece.data(), piece.size());
            if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
            if (got <= 0) {
                from = Fd();
                return;
            }
            text.append(piece.data(), std::min(static_cast<std::size_t>(got), kept - text.size()));
        }
    }

    void reap() {
        int status = 0;
        if (::waitpid(pid_, &status, WNOHANG) != pid_) return;
        over_ = true;
        if (WIFEXITED(status)) end_.code = WEXITSTATUS(status);
    }

    const pid_t pid_;
    const Fd watch_;  // a pidfd
    Fd out_, err_;
    ChildEnd end_;
    bool over_ = false;
};

/// All of it in memory of its own: nobody has to write while the child reads, or is told that it does not.
Fd memory_with(std::string_view text) {
    Fd memory(::memfd_create("input", MFD_CLOEXEC));
    while (memory && !text.empty()) {
        const auto written = ::write(memory.get(), text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return {};
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    if (memory) ::lseek(memory.get(), 0, SEEK_SET);
    return memory;
}

}  // namespace

Result<ChildEnd> run_child(const std::vector<std::string>& argv, std::string_view input, Instant deadline,
                           const std::function<bool()>& stop) {
    if (argv.empty()) return no_child("nothing", EINVAL);
    const Fd in = memory_with(input);
    Pipe out, err;
    if (!in || !out.open() || !err.open()) return no_child(argv.front(), errno);
    for (const int reads : {out.reads.get(), err.reads.get()}) ::fcntl(reads, F_SETFL, O_NONBLOCK);
    std::vector<char*> words;
    for (const auto& word : argv) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    const SpawnPlan plan(in.get(), out.writes.get(), err.writes.get());
    pid_t pid = -1;
    const int error = ::posix_spawnp(&pid, words.front(), &plan.files, &plan.how, words.data(), environ);
    if (error != 0) return no_child(argv.front(), error);
    out.writes = Fd();
    err.writes = Fd();
    return Child(pid, std::move(out.reads), std::move(err.reads)).run(deadline, stop);
}

}  // namespace vmc::edge
