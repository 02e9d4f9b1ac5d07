// SPDX-License-Identifier: Apache-2.0
#include "edge/os/file_watch.hpp"

#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "edge/os/system_clock.hpp"

namespace vmc::edge {

namespace {
constexpr Duration look_each = std::chrono::seconds(5);
constexpr Duration look_each_blindly = std::chrono::seconds(1);
constexpr std::uint32_t what = IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_MODIFY | IN_CLOSE_WRITE |
                               IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF;
}  // namespace

FileWatch::FileWatch(const boost::asio::any_io_executor& loop)
    : events_(loop, Fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK))) {}

void FileWatch::add(const std::string& path) {
    if (events_.fd() >= 0) ::inotify_add_watch(events_.fd(), path.c_str(), what);
}

Async<void> FileWatch::wait(Instant until) {
    const Duration at_most = events_.fd() >= 0 ? look_each : look_each_blindly;
    const bool something = co_await events_.wait(std::min(until, SystemClock::read() + at_most));
    if (!something) co_return;
    // What they say is of no interest: whoever waits looks for himself.
    std::array<char, 4096> events{};
    while (::read(events_.fd(), events.data(), events.size()) > 0) {
    }
}

}  // namespace vmc::edge
