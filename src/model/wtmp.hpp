// SPDX-License-Identifier: Apache-2.0
// A boot that was read, and what wtmp has since.
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include <vm_connection/boot.hpp>

#include "model/boot_clues.hpp"

namespace vmc::model {

/// How long after the machine's kernel its process 1 began. The machine around a container began long before that.
/// Nothing where the reading does not tell.
[[nodiscard]] std::optional<std::chrono::milliseconds> pid1_after_kernel(const BootRecord& boot);

/// When the user space that was read began, by our clock, and a moment before. Nothing where its uptime is not known.
[[nodiscard]] std::optional<WallTime> begun_at(const BootRecord& boot);

/// What there is since the reading, the oldest first. `newest_first`: as last(1) prints; `ahead`: the VM's clock, of
/// ours. Its seconds are rounded down: a boot of the very second of the reading is the one that was read, unless that
/// one has its record before.
[[nodiscard]] std::vector<WtmpRecord> since_reading(const std::vector<WtmpRecord>& newest_first, const BootRecord& read,
                                                    std::chrono::milliseconds ahead);

}  // namespace vmc::model
