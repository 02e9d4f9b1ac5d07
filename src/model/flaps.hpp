// SPDX-License-Identifier: Apache-2.0
// A way that comes and goes is one trouble, not a new one each time: it is told once, and damped.
#pragma once

#include <deque>

#include <vm_connection/time.hpp>

namespace vmc::model {

/// Counts how often something that worked stopped working. Flapping from the third time within two minutes
/// on; over when it has held for as long. (RFC 2439's damping, with a count instead of its decaying penalty:
/// people can reckon it in their heads.) Bounded: it remembers no more than it needs.
class Flaps {
public:
    static constexpr std::size_t times = 3;
    static constexpr Duration within = std::chrono::minutes(2);

    void went(Instant now);
    [[nodiscard]] bool is_flapping(Instant now) const;

private:
    std::deque<Instant> went_;  // at most `times`
    bool begun_ = false;        // three were that close together, and no pause since
};

}  // namespace vmc::model
