// SPDX-License-Identifier: Apache-2.0
#include "app/cli/bell.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/ensure.hpp"

namespace vmc::cli {

Bell::Bell() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) { ensure(event_ >= 0, "an eventfd can be made"); }
Bell::~Bell() { ::close(event_); }

void Bell::ring() const noexcept {
    const int saved = errno;
    const std::uint64_t one = 1;
    // It fails only when it has been rung 2^64 times unheard: then it is heard anyway.
    [[maybe_unused]] const auto written = ::write(event_, &one, sizeof one);
    errno = saved;
}

bool Bell::wait(int input, Duration at_most) const {
    using std::chrono::milliseconds;
    const auto limit = std::min(std::chrono::ceil<milliseconds>(at_most), milliseconds(60'000));
    pollfd watched[] = {{event_, POLLIN, 0}, {input, POLLIN, 0}};
    if (::poll(watched, 2, static_cast<int>(limit.count())) <= 0) return false;
    if (watched[0].revents != 0) {
        std::uint64_t count = 0;
        [[maybe_unused]] const auto read = ::read(event_, &count, sizeof count);
    }
    return watched[1].revents != 0;
}

Instant now() {
    return Instant(std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch()));
}

Duration left_until(Instant deadline) { return std::max(Duration{}, deadline - now()); }

}  // namespace vmc::cli
