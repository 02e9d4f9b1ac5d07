// SPDX-License-Identifier: Apache-2.0
// Signs of life that come along with the output of a job that is followed.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <vm_connection/job_status.hpp>

namespace vmc::model {

/// The VM lived then, on that boot, and the job had not ended.
class JobBeat {
public:
    std::string boot_id;
    WallTime at;  ///< by the VM's clock

    /// The job as it stands in the middle of its output.
    void tell_running(JobStatus& status) const;
    /// The job as its records have it, after a loss: where they lost the last beats with the VM's memory, it
    /// lived until this one.
    void correct(JobStatus& status) const;
};

/// Takes the beats out of a stream: "\x1e" "vmc-beat-NONCE BOOT-ID SECONDS\n", written in one piece between any
/// two bytes of the job's. The job does not know the nonce, so what looks like a beat is one.
class BeatSieve {
public:
    explicit BeatSieve(std::string_view nonce);

    /// What arrived without the beats. The beginning of a beat is held back until the rest comes; when nothing
    /// comes any more it was never the job's, or is asked for again.
    std::string take(std::string bytes);
    /// The last beat that came since this was asked before.
    [[nodiscard]] std::optional<JobBeat> beat();

private:
    [[nodiscard]] std::size_t part_of_beat(std::string_view rest);
    void read(std::string_view line);

    std::string mark_;
    std::string held_;
    std::optional<JobBeat> beat_;
};

}  // namespace vmc::model
