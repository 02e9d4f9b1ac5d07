// SPDX-License-Identifier: Apache-2.0
#include "app/cli/run_options.hpp"

#include <CLI/CLI.hpp>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <sstream>

#include "app/cli/job_text.hpp"
#include "app/cli/signals.hpp"
#include "model/exit_code.hpp"
#include "model/job_script.hpp"

namespace vmc::cli {

namespace {

Expected<std::string> contents(const std::string& option, const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return usage(option + ": " + path + ": " + std::strerror(errno));
    std::ostringstream text;
    text << file.rdbuf();
    if (file.bad()) return usage(option + ": " + path + ": " + std::strerror(errno));
    return text.str();
}

Expected<void> set_pair(Command& command, const std::string& option, const std::string& pair) {
    const auto equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) return usage(option + ": not NAME=VALUE: \"" + pair + "\"");
    command.env(pair.substr(0, equals), pair.substr(equals + 1));
    return {};
}

}  // namespace

Expected<std::uint64_t> size_of(const std::string& option, const std::string& text) {
    std::uint64_t number = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const std::string unit(rest, text.data() + text.size());
    const std::string units = "KMGT";
    const auto power = unit.empty() ? 0 : units.find(unit.front()) + 1;
    if (error != std::errc() || text.empty() || unit.size() > 1 || (!unit.empty() && power == 0) || power > 4 ||
        number > (UINT64_MAX >> (10 * power)))
        return usage(option + ": not a size: \"" + text + "\" (as in 4096, 64K, 10M, 1G)");
    return number << (10 * power);
}

void describe_directory(CLI::App& app, std::string& directory) {
    app.add_option("--directory", directory, "where on the VM jobs are kept, as vmc run was told")
        ->option_text("DIR")
        ->check([](const std::string& path) {
            return path.starts_with('/') ? std::string() : "not an absolute path: \"" + path + "\"";
        })
        ->group("The job");
}

void RunOptions::describe(CLI::App& app) {
    const auto* job = "The job";
    app.add_option("--name", name_, "a name for people, to attach by")->option_text("NAME")->group(job);
    app.add_option("--id", id_, "its UUID; the same id never runs twice")->option_text("UUID")->group(job);
    app.add_option("--timeout", timeout_, "end it and all it started after this long")->option_text("SPAN")->group(job);
    app.add_option("--kill-after", grace_, "between TERM and KILL (5s)")->option_text("SPAN")->group(job);
    app.add_option("--cleanup", cleanup_, "run this on the VM after every ending")->option_text("CMD")->group(job);
    app.add_option("--revert", revert_, "the VM itself runs this unless we are back in time")
        ->option_text("CMD")
        ->group(job);
    app.add_option("--confirm-within", confirm_within_, "in time for --revert, from its start")
        ->option_text("SPAN")
        ->group(job);
    app.add_option("--on-reboot", on_reboot_, "fail (the default), rerun or resume")->option_text("WHAT")->group(job);
    app.add_option("--max-reboots", max_reboots_, "enter it again at most so often (3)")->option_text("N")->group(job);
    app.add_option("--max-output", max_output_, "end it when it has printed more, as in 10M")
        ->option_text("SIZE")
        ->group(job);
    app.add_option("--env", env_, "set a variable for it; may be repeated")
        ->option_text("NAME=VALUE")
        ->allow_extra_args(false)
        ->group(job);
    app.add_option("--env-file", env_file_, "the same, a line each, from a file")->option_text("FILE")->group(job);
    app.add_option("--stdin", input_, "its input (else it has none)")->option_text("FILE")->group(job);
    app.add_option("--cwd", cwd_, "run it in this directory")->option_text("DIR")->group(job);
    app.add_flag("--sudo", sudo_, "run it through sudo")->group(job);
    app.add_flag("--volatile", volatile_, "also where it cannot be made durable")->group(job);
    app.add_option("--directory", directory_, "keep jobs there on the VM")->option_text("DIR")->group(job);
}

Expected<Command> RunOptions::command(const Words& words, const std::string& host) const {
    if (!words) return usage("the command stands after --, as in: vmc run " + host + " -- make check");
    if (words->empty() || (words->size() == 1 && words->front().find_first_not_of(" \t\n") == std::string::npos))
        return usage("the command after -- is empty");
    auto command = words->size() == 1 ? Command(words->front()) : Command::words(*words);
    if (!env_file_.empty()) {
        auto text = contents("--env-file", env_file_);
        if (!text) return std::unexpected(std::move(text.error()));
        std::istringstream lines(*text);
        for (std::string line; std::getline(lines, line);) {
            if (line.empty() || line.front() == '#') continue;
            if (auto set = set_pair(command, "--env-file", line); !set) return std::unexpected(std::move(set.error()));
        }
    }
    for (const auto& pair : env_)
        if (auto set = set_pair(command, "--env", pair); !set) return std::unexpected(std::move(set.error()));
    if (!cwd_.empty()) command.cwd(cwd_);
    command.sudo(sudo_);
    if (!input_.empty()) {
        auto input = contents("--stdin", input_);
        if (!input) return std::unexpected(std::move(input.error()));
        command.input(std::move(*input));
    }
    if (timeout_) {
        auto limit = span_of("--timeout", *timeout_);
        if (!limit) return std::unexpected(std::move(limit.error()));
        command.within(*limit);
    }
    return command;
}

Expected<JobRequest> RunOptions::request(const Words& words, const std::string& host) const {
    auto what = command(words, host);
    if (!what) return std::unexpected(std::move(what.error()));
    JobRequest request(std::move(*what));
    request.name(name_).id(id_).cleanup(cleanup_).allow_volatile(volatile_).directory(directory_);
    if (grace_) {
        auto grace = span_of("--kill-after", *grace_);
        if (!grace) return std::unexpected(std::move(grace.error()));
        request.grace(*grace);
    }
    if (revert_.empty() != !confirm_within_) return usage("--revert CMD and --confirm-within SPAN go together");
    if (confirm_within_) {
        auto within = span_of("--confirm-within", *confirm_within_);
        if (!within) return std::unexpected(std::move(within.error()));
        request.revert(revert_, *within);
    }
    if (max_output_) {
        auto size = size_of("--max-output", *max_output_);
        if (!size) return std::unexpected(std::move(size.error()));
        request.max_output(*size);
    }
    if (on_reboot_ == "rerun") request.on_reboot(OnReboot::rerun, max_reboots_);
    else if (on_reboot_ == "resume") request.on_reboot(OnReboot::resume, max_reboots_);
    else if (on_reboot_ != "fail") return usage("--on-reboot: unknown \"" + on_reboot_ + "\" (fail, rerun or resume)");
    if (auto fault = model::fault_of(request); !fault.empty()) return usage(std::move(fault));
    return request;
}

Expected<int> RunOptions::report(const Contact& contact, const Job& job, const JobEnd& end, bool left, JobSinks& sinks,
                                 ResultFile& result, bool json) {
    const auto unwritten = sinks.settle();
    if (json) print(job_end_json(contact.host(), end, "outcome"));
    if (auto written = result.write(job_end_json(contact.host(), end)); !written)
        return std::unexpected(std::move(written.error()));
    const auto where = job.directory().empty() ? "" : "--directory " + job.directory() + " ";
    const auto again = "; to go on: vmc attach " + where + contact.host() + " " + job.id();
    if (left) {
        const int signal = Signals::wish();
        return std::unexpected(
            Failure(signal == 0 ? 128 + 13 : 128 + signal, contact.host() + ": left the job alone" + again));
    }
    if (unwritten) return std::unexpected(*unwritten);
    if (const auto line = job_end_line(end); !line.empty())
        tell(contact.host() + ": " + line + (end.gave_up && !end.status.ended() ? again : ""));
    if (!end.gave_up) return model::exit_code_of(end.status);
    return model::exit_code_of(*end.gave_up);
}

}  // namespace vmc::cli
