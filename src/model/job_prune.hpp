// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <vm_connection/job_status.hpp>

namespace vmc::model {

/// The ended jobs to take away: those that ended longer ago than `age`, then the oldest until what is left
/// holds at most `bytes` of output. A job that has not ended, or whose switch or cleanup is still
/// pending, stays. `now`: on the VM's clock; a job from its future (a clock set back) counts as new.
[[nodiscard]] std::vector<std::string> jobs_to_prune(const std::vector<JobStatus>& jobs, WallTime now, Duration age,
                                                     std::uint64_t bytes);

}  // namespace vmc::model
