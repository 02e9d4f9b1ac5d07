// SPDX-License-Identifier: Apache-2.0
// The operations on jobs, as scripts for `/bin/sh -s` on the VM, out of the parts in remote/.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <vm_connection/job.hpp>

#include "model/job_place.hpp"
#include "model/script.hpp"

namespace vmc::model {

/// Which VM a submit is for and how long it holds. What does not match over there is refused.
class JobMoment {
public:
    std::string boot_id;              ///< empty: not to be known
    std::string incarnation;
    std::uint64_t latest_uptime = 0;  ///< seconds; 0: not to be known
};

/// What is submitted, complete: the id is chosen, the command has become a line for /bin/sh.
class JobOrder {
public:
    JobOrder(JobRequest what, std::string id) : request(std::move(what)), id(std::move(id)) {}
    JobRequest request;
    std::string id;
    bool has_input = false;  ///< staged before
    /// Of everything that makes it this job and not another one: hex SHA-1.
    [[nodiscard]] std::string digest() const;
    /// The record `request`: what people may read later. Values of the environment are left out.
    [[nodiscard]] std::string record(std::string_view boot_id) const;
    /// The file `runner`: the supervisor with everything it needs.
    [[nodiscard]] std::string runner(const JobPlace& place, std::string_view incarnation) const;
};

/// "3f1c…", 36 characters, and nothing else. Ids become names of directories.
[[nodiscard]] bool is_job_id(std::string_view text) noexcept;
/// Of two draws: a random UUID, RFC 4122 version 4.
[[nodiscard]] std::string job_id(std::uint64_t one, std::uint64_t two);
[[nodiscard]] bool is_job_name(std::string_view text) noexcept;
/// What is wrong with it, in words; empty when nothing is.
[[nodiscard]] std::string fault_of(const JobRequest& request);

/// `root` may be empty: the VM chooses. One that is named is made only where something `submits` to it.
[[nodiscard]] std::string prepare_script(std::string_view root, bool submits, std::string_view nonce);
[[nodiscard]] std::string submit_script(const JobPlace& place, const JobMoment& moment, const JobOrder& order,
                                        std::string_view nonce);
[[nodiscard]] std::string resume_script(const JobPlace& place, const JobMoment& moment, std::string_view id, int number,
                                        bool fresh, std::string_view nonce);
/// At most 96 KiB of standard input at a time.
[[nodiscard]] std::string stage_script(const JobPlace& place, const JobOrder& order, std::uint64_t from,
                                       std::string_view bytes, std::string_view nonce);
[[nodiscard]] std::string list_script(const JobPlace& place, std::string_view nonce);
/// Where in the output to go on.
struct JobOffsets {
    std::uint64_t out = 0;
    std::uint64_t err = 0;
};
/// The state of one job, and at most `most` bytes of each stream.
[[nodiscard]] std::string look_script(const JobPlace& place, std::string_view id, JobOffsets from, std::uint64_t most,
                                      std::string_view nonce);
/// Its output after `from`, as it comes; refused at once where there is less than is `held` already.
[[nodiscard]] std::string follow_script(const JobPlace& place, std::string_view id, JobOffsets from, JobOffsets held,
                                        Duration patience, std::string_view nonce);
[[nodiscard]] std::string cancel_script(const JobPlace& place, std::string_view id, Duration grace,
                                        std::string_view nonce);
/// `ids`: separated by blanks.
[[nodiscard]] std::string remove_script(const JobPlace& place, std::string_view ids, std::string_view nonce);
[[nodiscard]] std::string confirm_script(const JobPlace& place, std::string_view id, std::string_view nonce);
/// A viewer in tmux; `title` names its session.
[[nodiscard]] std::string view_script(const JobPlace& place, std::string_view id, std::string_view title,
                                      std::string_view nonce);
[[nodiscard]] std::string cleanup_script(const JobPlace& place, std::string_view id, std::string_view nonce);

}  // namespace vmc::model
