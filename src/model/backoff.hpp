// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>

#include <vm_connection/time.hpp>

namespace vmc::model {

/// How long to wait before the next attempt to connect. The first retry comes at once (a cut
/// connection to a living VM is the common case), spread over 250 ms so that a fleet does not
/// return in one beat; then full jitter, U(0, min(cap, 0.5 s * 2^n)), as in the AWS backoff
/// simulator. Chance is handed in as a draw of 64 random bits.
class Backoff {
public:
    static constexpr Duration at_once = std::chrono::milliseconds(250);
    static constexpr Duration base = std::chrono::milliseconds(500);
    static constexpr Duration cap_for_one = std::chrono::seconds(10);
    static constexpr Duration cap_for_fleet = std::chrono::seconds(60);

    explicit Backoff(Duration cap = cap_for_one) : cap_(cap) {}

    /// The wait before the next attempt; each call counts one failure.
    Duration next(std::uint64_t draw);
    /// An authenticated command worked. The second in a row resets: a VM in a boot loop lets one
    /// through between two crashes (gRPC resets only on the peer's word, for the same reason).
    void worked();
    void reset();
    [[nodiscard]] int failures() const noexcept { return failures_; }

private:
    Duration cap_;
    int failures_ = 0;
    int worked_ = 0;
};

}  // namespace vmc::model
