// SPDX-License-Identifier: Apache-2.0
#include "model/job_prune.hpp"

#include <doctest/doctest.h>

using namespace vmc;
using namespace vmc::model;
using namespace std::chrono_literals;

namespace {

const WallTime noon(std::chrono::hours(1000));

JobStatus job(const char* id, Duration ago, std::uint64_t bytes, JobState state = JobState::exited) {
    JobStatus one;
    one.id = id;
    one.state = state;
    one.ended_at = noon - std::chrono::duration_cast<WallTime::duration>(ago);
    one.stdout_bytes = bytes;
    return one;
}

using Ids = std::vector<std::string>;

}  // namespace

TEST_CASE("what ended long ago goes, and the oldest go until the rest fits") {
    const std::vector<JobStatus> jobs{job("new", 1h, 100), job("old", 300h, 1), job("middle", 50h, 100)};
    CHECK(jobs_to_prune(jobs, noon, 240h, 1000) == Ids{"old"});
    CHECK(jobs_to_prune(jobs, noon, 240h, 150) == Ids{"old", "middle"});
    CHECK(jobs_to_prune(jobs, noon, 240h, 0) == Ids{"old", "middle", "new"});
    CHECK(jobs_to_prune(jobs, noon, 400h, 1000).empty());
}

TEST_CASE("what runs, what is not known and what still has something to do stays") {
    auto armed = job("armed", 900h, 1);
    armed.revert = "armed";
    auto unclean = job("unclean", 900h, 1, JobState::interrupted);
    unclean.cleanup_pending = true;
    const std::vector<JobStatus> jobs{job("runs", 900h, 1, JobState::running),
                                      job("unknown", 900h, 1, JobState::unknown),
                                      job("claimed", 900h, 1, JobState::submitted), armed, unclean};
    CHECK(jobs_to_prune(jobs, noon, 1h, 0).empty());
}

TEST_CASE("a clock that was set back makes no job old") {
    CHECK(jobs_to_prune({job("future", -9000h, 1)}, noon, 1h, 10).empty());
}
