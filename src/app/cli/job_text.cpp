// SPDX-License-Identifier: Apache-2.0
#include "app/cli/job_text.hpp"

#include <fmt/format.h>

#include "app/cli/console.hpp"
#include "app/cli/json_text.hpp"
#include "base/span.hpp"
#include "model/cause.hpp"
#include "model/utf8.hpp"

namespace vmc::cli {

namespace {

using json = nlohmann::ordered_json;

json or_null_time(const std::optional<WallTime>& when) { return when ? json(iso_time(*when)) : json(); }

/// At `width` characters, one column each.
void cut_off(std::string& line, std::size_t width) {
    std::size_t at = 0;
    for (std::size_t column = 0; column < width && at < line.size(); ++column)
        at += model::utf8_step(std::string_view(line).substr(at)).size;
    line.resize(at);
}

std::string state_text(const JobStatus& job) {
    std::string text(slug(job.state));
    if (job.exit_code) text += " " + std::to_string(*job.exit_code);
    else if (job.signal) text += " " + *job.signal;
    return text;
}

}  // namespace

std::string size_text(std::uint64_t bytes) {
    constexpr const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double amount = static_cast<double>(bytes);
    std::size_t unit = 0;
    for (; amount >= 1024 && unit + 1 < std::size(units); ++unit) amount /= 1024;
    return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", amount, units[unit]);
}

std::string clock_time(WallTime when) { return iso_time(when).substr(11, 8); }

json job_fields(const JobStatus& job) {
    json fields;
    fields["id"] = job.id;
    fields["name"] = job.name.empty() ? json() : json(job.name);
    fields["state"] = slug(job.state);
    fields["exit_code"] = or_null(job.exit_code);
    fields["signal"] = or_null(job.signal);
    fields["boot_id"] = job.boot_id.empty() ? json() : json(job.boot_id);
    fields["started_at"] = or_null_time(job.started_at);
    fields["ended_at"] = or_null_time(job.ended_at);
    fields["stdout_bytes"] = job.stdout_bytes;
    fields["stderr_bytes"] = job.stderr_bytes;
    fields["command"] = job.command;
    fields["cause"] = job.cause.empty() ? "none" : job.cause;
    fields["why"] = job.why.empty() ? json() : json(job.why);
    fields["reboots"] = job.reboots;
    fields["last_heartbeat"] = or_null_time(job.last_beat);
    fields["heartbeat_heard"] = job.beat_heard;
    fields["output_kept"] = job.output_kept;
    fields["revert"] = job.revert.empty() ? json() : json(job.revert);
    fields["cleanup_pending"] = job.cleanup_pending;
    if (job.state == JobState::timed_out || job.state == JobState::cancelled || job.cause == "output-cap") {
        fields["killed"] = slug(job.killed);
        fields["escaped"] = job.escaped;
    }
    return fields;
}

std::string jobs_json(const std::string& host, const std::vector<JobStatus>& jobs) {
    json document;
    document["schema"] = 1;
    document["host"] = host;
    document["jobs"] = json::array();
    for (const auto& job : jobs) document["jobs"].push_back(job_fields(job));
    return json_line(document);
}

std::string jobs_table(const std::vector<JobStatus>& jobs, std::size_t width) {
    if (jobs.empty()) return "no jobs\n";
    std::string text = fmt::format("{:<36}  {:<13} {:<8} {:>9}  {}\n", "JOB", "STATE", "STARTED", "OUTPUT", "COMMAND");
    for (const auto& job : jobs) {
        std::string what = job.name.empty() ? "" : job.name + ": ";
        what += one_line(job.command);
        auto line = fmt::format("{:<36}  {:<13} {:<8} {:>9}  {}", job.id, state_text(job),
                                job.started_at ? clock_time(*job.started_at) : "-",
                                size_text(job.stdout_bytes + job.stderr_bytes), what);
        if (width > 0) cut_off(line, width);
        text += line + "\n";
    }
    return text;
}

std::string job_end_json(const std::string& host, const JobEnd& end, std::string_view event) {
    json fields;
    fields["schema"] = 1;
    if (!event.empty()) fields["event"] = event;
    fields["host"] = host;
    const auto& job = end.status;
    // Of the one vocabulary of outcomes: what is not over, or not to be known, is lost from sight.
    fields["outcome"] = end.gave_up && !job.ended() ? "lost" : slug(job.state);
    fields["exit_code"] = or_null(job.exit_code);
    fields["signal"] = or_null(job.signal);
    fields["may_have_run"] = slug(job.state == JobState::refused ? Known::no
                                  : job.started_at               ? Known::yes
                                                                 : Known::unknown);
    fields["reconnects"] = end.reconnects;
    fields["stdout_bytes"] = job.stdout_bytes;
    fields["stderr_bytes"] = job.stderr_bytes;
    fields["boot_id"] = job.boot_id.empty() ? json() : json(job.boot_id);
    fields["cause"] = end.gave_up ? json(model::cause_of(*end.gave_up)) : json(job.cause.empty() ? "none" : job.cause);
    if (end.gave_up) fields["message"] = line_of(*end.gave_up);
    fields["job"] = job_fields(job);
    return json_line(fields);
}

std::string job_end_line(const JobEnd& end) {
    const auto& job = end.status;
    if (end.gave_up) {
        std::string text = line_of(*end.gave_up);
        if (!job.ended() && job.state != JobState::unknown) text += "; last known: " + job.line();
        if (!job.ended() && job.last_beat) text += ", heartbeat at " + clock_time(*job.last_beat);
        return text;
    }
    const bool plain = job.state == JobState::exited && !job.signal && job.why.empty() && !job.cleanup_pending &&
                       (job.revert.empty() || job.revert == "confirmed");
    return plain ? "" : job.line();
}

}  // namespace vmc::cli
