// SPDX-License-Identifier: Apache-2.0
// The two times of this library, and why they are two types.
#pragma once

#include <chrono>
#include <cstdint>

#include <vm_connection/export.hpp>

namespace vmc VMC_API {

using Duration = std::chrono::nanoseconds;

/// Marks points on our own monotonic time line. It has no `now()` on purpose:
/// only a `port::Clock` may say what time it is, so that tests can say it too.
struct Monotonic {
    using duration = Duration;
    using rep = duration::rep;
    using period = duration::period;
    static constexpr bool is_steady = true;
    using time_point = std::chrono::time_point<Monotonic>;
};

/// A point of monotonic time on this machine; meaningless on any other.
using Instant = Monotonic::time_point;

/// A point of calendar time, for people and for records. Never used to measure.
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

/// "No deadline of its own": far enough never to be reached, near enough never to overflow
/// when a span is added to it.
inline constexpr Instant never{Duration{INT64_MAX / 4}};

}  // namespace vmc VMC_API
