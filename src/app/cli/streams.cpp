// SPDX-License-Identifier: Apache-2.0
#include "app/cli/streams.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/cli/signals.hpp"
#include "base/ensure.hpp"

namespace vmc::cli {

namespace {

bool same_place(int a, int b) {
    struct stat first {};
    struct stat second {};
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

Streams::Streams() : same_(same_place(STDOUT_FILENO, STDERR_FILENO)), out_(STDOUT_FILENO, bell()), err_(STDERR_FILENO, bell()) {}

void Streams::escape_for_terminals() {
    if (::isatty(STDOUT_FILENO) != 0) out_.shape([this](std::string_view bytes) { return out_escaper_.feed(bytes); });
    if (::isatty(STDERR_FILENO) != 0 && !same_) err_.shape([this](std::string_view bytes) { return err_escaper_.feed(bytes); });
}

bool Streams::settle(Instant deadline) {
    const auto interrupted = [] { return Signals::wish() != 0; };
    const auto settled = [&] { return out_.settle(interrupted, deadline) && err_.settle(interrupted, deadline); };
    if (!settled()) return false;
    // The writing threads are idle now, so their escapers are ours to ask.
    out_.put(out_escaper_.finish());
    err_.put(err_escaper_.finish());
    return settled();
}

void print(std::string_view text) { streams().out().put(text); }

}  // namespace vmc::cli
