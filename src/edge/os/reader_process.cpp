// SPDX-License-Identifier: Apache-2.0
#include "edge/os/reader_process.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "edge/os/pipe.hpp"

namespace vmc::edge {

namespace {

/// Our threads may hold any lock, so from here to exec only what signal-safety(7) lists. posix_spawn cannot do this:
/// it knows no PR_SET_PDEATHSIG.
[[noreturn]] void become(char* const* argv, int in, int out, int err, int failure, pid_t parent) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
    for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::dup2(in, 0);
    ::dup2(out, 1);
    ::dup2(err, 2);
    ::syscall(SYS_close_range, 3U, ~0U, static_cast<unsigned>(CLOSE_RANGE_CLOEXEC));
    ::execvp(argv[0], argv);
    const int error = errno;
    [[maybe_unused]] const auto written = ::write(failure, &error, sizeof error);
    ::_exit(127);
}

}  // namespace

Result<ReaderProcess> ReaderProcess::start(const std::vector<std::string>& argv) {
    const auto trouble = [&argv](int error) {
        return failed(Code::local, Stage::none,
                      "cannot start " + (argv.empty() ? "nothing" : argv.front()) + ": " + std::strerror(error));
    };
    if (argv.empty()) return trouble(EINVAL);
    const Fd in(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    Pipe out, err, failure;
    if (!in || !out.open() || !err.open() || !failure.open()) return trouble(errno);
    std::vector<char*> words;
    words.reserve(argv.size() + 1);
    for (const auto& word : argv) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);

    ReaderProcess started;
    sigset_t all, before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);  // no handler of ours runs in the child
    const pid_t parent = ::getpid();
    started.pid = ::fork();
    if (started.pid == 0)
        become(words.data(), in.get(), out.writes.get(), err.writes.get(), failure.writes.get(), parent);
    const int fork_error = errno;
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (started.pid < 0) return trouble(fork_error);

    ::setpgid(started.pid, started.pid);  // whoever of the two comes first
    failure.writes = Fd();
    int error = 0;
    ssize_t got = 0;
    while ((got = ::read(failure.reads.get(), &error, sizeof error)) < 0 && errno == EINTR) {
    }
    if (got == sizeof error) {
        ::waitpid(started.pid, nullptr, 0);
        return trouble(error);
    }
    for (const int reads : {out.reads.get(), err.reads.get()}) ::fcntl(reads, F_SETFL, O_NONBLOCK);
    started.out = std::move(out.reads);
    started.err = std::move(err.reads);
    started.process = Fd(static_cast<int>(::syscall(SYS_pidfd_open, started.pid, 0)));
    return started;
}

}  // namespace vmc::edge
