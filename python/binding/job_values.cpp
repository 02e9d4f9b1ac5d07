// SPDX-License-Identifier: Apache-2.0
#include "job_values.hpp"

namespace vmc::python {

using namespace py::literals;

namespace {

py::object time_or_none(const std::optional<WallTime>& at) {
    return at ? py::object(py::float_(since_1970(*at))) : py::object(py::none());
}

}  // namespace

py::dict render(const JobStatus& status) {
    return py::dict("id"_a = text(status.id), "name"_a = text(status.name), "command"_a = text(status.command),
                    "state"_a = text(slug(status.state)),
                    "exit_code"_a = status.exit_code ? py::object(py::int_(*status.exit_code)) : py::none(),
                    "signal"_a = text_or_none(status.signal.value_or("")),
                    "cause"_a = text(status.cause.empty() ? "none" : status.cause), "why"_a = text(status.why),
                    "boot_id"_a = text_or_none(status.boot_id), "reboots"_a = status.reboots,
                    "started_at"_a = time_or_none(status.started_at), "ended_at"_a = time_or_none(status.ended_at),
                    "last_heartbeat"_a = time_or_none(status.last_beat), "stdout_bytes"_a = status.stdout_bytes,
                    "stderr_bytes"_a = status.stderr_bytes, "killed"_a = text(slug(status.killed)),
                    "escaped"_a = status.escaped, "output_kept"_a = status.output_kept,
                    "revert"_a = text_or_none(status.revert), "cleanup_pending"_a = status.cleanup_pending,
                    "line"_a = text(status.line()));
}

py::dict render(const JobEnd& end) {
    py::dict made("status"_a = render(end.status), "reconnects"_a = end.reconnects);
    if (end.gave_up) made["failure"] = render(*end.gave_up);
    return made;
}

JobRequest request_of(const py::handle& order) {
    const auto word = [&](const char* name) { return bytes_of(order.attr(name)); };
    JobRequest request(command_of(order.attr("command")));
    request.name(word("name")).id(word("id")).cleanup(word("cleanup")).directory(word("directory"));
    request.grace(span(order.attr("kill_after").cast<double>()));
    request.max_output(order.attr("max_output").cast<std::uint64_t>());
    request.allow_volatile(order.attr("volatile").cast<bool>());
    const auto on_reboot = word("on_reboot");
    const auto policy = on_reboot == "rerun"    ? OnReboot::rerun
                        : on_reboot == "resume" ? OnReboot::resume
                                                : OnReboot::fail;
    request.on_reboot(policy, order.attr("max_reboots").cast<int>());
    if (auto revert = word("revert"); !revert.empty())
        request.revert(std::move(revert), span(order.attr("confirm_within").cast<double>()));
    return request;
}

FollowOptions follow_options_of(const py::handle& spec) {
    FollowOptions options;
    options.from(Stream::out, spec.attr("stdout_from").cast<std::uint64_t>());
    options.from(Stream::err, spec.attr("stderr_from").cast<std::uint64_t>());
    options.lost_after(span(spec.attr("lost_after").cast<double>()));
    options.to_the_end(spec.attr("to_the_end").cast<bool>());
    return options;
}

}  // namespace vmc::python
