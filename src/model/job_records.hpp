// SPDX-License-Identifier: Apache-2.0
// What the VM says of jobs, read strictly, and what follows from it.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <vm_connection/error.hpp>
#include <vm_connection/job.hpp>

namespace vmc::model {

/// The answer to one operation. Views into the text it was read from.
class JobAnswer {
public:
    using Values = std::map<std::string_view, std::string_view>;

    /// Errors as those of answer_of(): restricted_shell when no shell answered, protocol when it broke off.
    [[nodiscard]] static Result<JobAnswer> parse(std::string_view printed, std::string_view nonce);

    /// Of the operation itself and of the VM; absent is empty.
    [[nodiscard]] std::string_view value(std::string_view key) const;
    /// Why it was refused: a slug, or empty.
    [[nodiscard]] std::string_view refused() const { return value("refused"); }

    Values vm;
    std::vector<Values> jobs;  ///< each with its id as "job"
    std::string_view out;      ///< of `look`: bytes of the two streams
    std::string_view err;
};

/// Why these are not the records of a job of ours; empty when they are.
[[nodiscard]] std::string why_no_job(const JobAnswer::Values& job);

/// Pure. `incarnation`: of the VM's user space now, empty when not known; a change of it ends jobs
/// as a reboot does.
[[nodiscard]] JobStatus job_status(const JobAnswer& answer, const JobAnswer::Values& job,
                                   std::string_view incarnation = {});

}  // namespace vmc::model
