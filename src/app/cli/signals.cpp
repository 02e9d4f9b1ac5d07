// SPDX-License-Identifier: Apache-2.0
#include "app/cli/signals.hpp"

#include <atomic>
#include <csignal>

#include <unistd.h>

#include "app/cli/terminal.hpp"

namespace vmc::cli {

namespace {

std::atomic<int> wished{0};
std::atomic<bool> resized{false};
std::atomic<const Bell*> heard_by{nullptr};
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<const Bell*>::is_always_lock_free);

void end_wished(int signal) {
    if (wished.exchange(signal) != 0) {
        Terminal::restore();
        ::_exit(128 + signal);
    }
    heard_by.load()->ring();
}

void window_resized(int) {
    resized.store(true);
    heard_by.load()->ring();
}

/// A bug: leave the terminal as it was, then die as we would have.
void dying(int signal) {
    Terminal::restore();
    ::signal(signal, SIG_DFL);
    ::raise(signal);
}

void handle(int signal, void (*handler)(int), bool unless_ignored) {
    struct sigaction action{};
    struct sigaction before{};
    action.sa_handler = handler;
    ::sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;
    ::sigaction(signal, nullptr, &before);
    if (unless_ignored && before.sa_handler == SIG_IGN) return;
    ::sigaction(signal, &action, nullptr);
}

}  // namespace

void Signals::attend(const Bell& bell) {
    heard_by.store(&bell);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) handle(signal, end_wished, true);
    for (const int signal : {SIGABRT, SIGSEGV, SIGBUS}) handle(signal, dying, false);
    handle(SIGWINCH, window_resized, false);
    // A reader that has gone is seen as EPIPE where it matters, see Outlet.
    handle(SIGPIPE, SIG_IGN, false);
}

int Signals::wish() noexcept { return wished.load(); }
bool Signals::window_changed() noexcept { return resized.exchange(false); }

}  // namespace vmc::cli
