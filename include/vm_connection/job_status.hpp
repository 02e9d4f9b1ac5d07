// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <vm_connection/export.hpp>
#include <vm_connection/job_request.hpp>
#include <vm_connection/outcome.hpp>

namespace vmc VMC_API {

enum class JobState {
    submitted,    ///< claimed, not yet started
    running,      ///< its supervisor holds the lock
    exited,
    signalled,
    timed_out,
    cancelled,
    interrupted,  ///< the VM rebooted under it
    killed,       ///< same boot, but its supervisor is gone without a word; or ended for its output
    refused,      ///< it never ran and never will
    unknown,      ///< not to be known now
};
[[nodiscard]] std::string_view slug(JobState state) noexcept;  ///< "timed_out"; stable, for JSON

/// What is known of a job. Times are those of the VM's clock.
class JobStatus {
public:
    [[nodiscard]] bool ended() const noexcept {
        return state != JobState::submitted && state != JobState::running && state != JobState::unknown;
    }
    /// One line for people, without the id.
    [[nodiscard]] std::string line() const;

    std::string id;
    std::string name;
    std::string command;
    JobState state = JobState::unknown;
    std::optional<int> exit_code;       ///< of `exited`
    std::optional<std::string> signal;  ///< of `signalled`, without "SIG"; "unknown" where 130 or 141 may be either
    std::string cause;                  ///< slug; "none" or why it was ended
    std::string why;                    ///< one line, where there is more to say
    std::string boot_id;                ///< of its last attempt
    int reboots = 0;                    ///< attempts after the first
    OnReboot on_reboot = OnReboot::fail;
    int max_reboots = 0;
    std::optional<WallTime> started_at;
    std::optional<WallTime> ended_at;
    std::optional<WallTime> last_beat;  ///< written once a second while it runs
    bool beat_heard = false;            ///< last_beat came with its output; the VM's records have none so late
    std::uint64_t stdout_bytes = 0;     ///< on the VM now
    std::uint64_t stderr_bytes = 0;
    Known killed = Known::unknown;      ///< of what we ended: nothing of it is left
    int escaped = 0;                    ///< of these, how many had left its session
    bool output_kept = true;            ///< false: the disk refused to keep it
    std::string revert;                 ///< of the switch: "", "armed", "confirmed", "reverting" or "reverted"
    bool cleanup_pending = false;       ///< it ended without having run its cleanup
};

}  // namespace vmc VMC_API
