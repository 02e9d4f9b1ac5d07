// SPDX-License-Identifier: Apache-2.0
// How jobs are shown. No doing here.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>
#include <vm_connection/job.hpp>

namespace vmc::cli {

/// One job as in `jobs --json`: {id, name, state, exit_code, signal, boot_id, started_at, …}.
[[nodiscard]] nlohmann::ordered_json job_fields(const JobStatus& status);
/// The document of `jobs --json`.
[[nodiscard]] std::string jobs_json(const std::string& host, const std::vector<JobStatus>& jobs);
/// A table, the newest job last; its lines cut off at `width` columns (0: not at all).
[[nodiscard]] std::string jobs_table(const std::vector<JobStatus>& jobs, std::size_t width = 0);
/// The fields of `run --result` and of the last line of `run --json` (schema 1).
[[nodiscard]] std::string job_end_json(const std::string& host, const JobEnd& end, std::string_view event = {});
/// One line for stderr; empty where the exit code says it all.
[[nodiscard]] std::string job_end_line(const JobEnd& end);
/// "575.1 KiB"
[[nodiscard]] std::string size_text(std::uint64_t bytes);
/// "12:03:07", on the VM's clock as we see it.
[[nodiscard]] std::string clock_time(WallTime when);

}  // namespace vmc::cli
