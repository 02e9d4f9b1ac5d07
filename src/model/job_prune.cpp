// SPDX-License-Identifier: Apache-2.0
#include "model/job_prune.hpp"

#include <algorithm>

namespace vmc::model {

std::vector<std::string> jobs_to_prune(const std::vector<JobStatus>& jobs, WallTime now, Duration age,
                                       std::uint64_t bytes) {
    std::vector<const JobStatus*> ended;
    std::uint64_t total = 0;
    for (const auto& job : jobs) {
        const bool pending = job.cleanup_pending || job.revert == "armed" || job.revert == "reverting";
        if (job.state == JobState::unknown || !job.ended() || pending) continue;
        ended.push_back(&job);
        total += job.stdout_bytes + job.stderr_bytes;
    }
    const auto when = [](const JobStatus* job) { return job->ended_at.value_or(job->started_at.value_or(WallTime())); };
    std::ranges::stable_sort(ended, {}, when);
    std::vector<std::string> ids;
    for (const auto* job : ended) {
        const bool old = when(job) < now && now - when(job) > age;
        if (!old && total <= bytes) break;
        ids.push_back(job->id);
        total -= job->stdout_bytes + job->stderr_bytes;
    }
    return ids;
}

}  // namespace vmc::model
