// SPDX-License-Identifier: Apache-2.0
#include "app/cli/streams.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/cli/signals.hpp"
#include "base/ensure.hpp"

namespace vmc::cli {

namespace {

/// After a timeout or Ctrl-C a reader gets the last words as long as it reads at all.
constexpr Duration standstill = std::chrono::milliseconds(200);

bool same_place(int a, int b) {
    struct stat first{};
    struct stat second{};
    return ::fstat(a, &first) == 0 && ::fstat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

}  // namespace

// Never destroyed: the writing threads use them until the process ends.
const Bell& bell() {
    static const Bell& only = *new Bell;
    return only;
}
Streams& streams() {
    static Streams& only = *new Streams;
    return only;
}

void Streams::repair() {
    for (;;) {
        const int fd = ::open("/dev/null", O_RDWR);
        ensure(fd >= 0, "/dev/null can be opened");
        if (fd <= STDERR_FILENO) continue;
        ::close(fd);
        return;
    }
}

Streams::Streams()
    : same_(same_place(STDOUT_FILENO, STDERR_FILENO)), out_(STDOUT_FILENO, bell()), err_(STDERR_FILENO, bell()) {}

void Streams::escape_for_terminals() {
    if (::isatty(STDOUT_FILENO) != 0) out_.shape([this](std::string_view bytes) { return out_escaper_.feed(bytes); });
    if (::isatty(STDERR_FILENO) != 0 && !same_)
        err_.shape([this](std::string_view bytes) { return err_escaper_.feed(bytes); });
}

bool Streams::settle(Instant deadline) {
    const auto in_a_hurry = [this] { return abandoned_ || Signals::wish() != 0; };
    const auto written = [&](const Outlet& outlet) {
        if (outlet.settle(in_a_hurry, deadline)) return true;
        return outlet.settle_while_moving(standstill);
    };
    // Both are given their chance: a stuck stdout must not swallow what stderr has to say.
    const bool out = written(out_);
    if (!written(err_) || !out) return false;
    // The writing threads are idle now, so their escapers are ours to ask.
    out_.put(out_escaper_.finish());
    err_.put(err_escaper_.finish());
    return written(out_) && written(err_);
}

void print(std::string_view text) { streams().out().put(text); }

}  // namespace vmc::cli
