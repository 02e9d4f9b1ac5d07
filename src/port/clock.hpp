// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vm_connection/time.hpp>

#include "port/async.hpp"

namespace vmc::port {

/// Time, as the rest of the program is allowed to see it. Lives as long as the loop.
class Clock {
public:
    virtual ~Clock() = default;

    [[nodiscard]] virtual Instant now() const = 0;
    [[nodiscard]] virtual WallTime wall_now() const = 0;

    /// Returns when `when` is reached; at once if it has passed. `never` waits to be cancelled.
    virtual Async<void> sleep_until(Instant when) = 0;
};

}  // namespace vmc::port
