// SPDX-License-Identifier: Apache-2.0
#include "health/pulse.hpp"

#include <algorithm>

namespace vmc::health {

Async<void> Pulse::beat() {
    for (;;) {
        const Instant planned = clock_.now() + interval;
        const WallTime expected = clock_.wall_now() + std::chrono::duration_cast<WallTime::duration>(interval);
        co_await clock_.sleep_until(planned);
        lag_ = std::max({lag_, clock_.now() - planned, Duration(clock_.wall_now() - expected)});
    }
}

}  // namespace vmc::health
