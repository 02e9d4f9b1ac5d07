// SPDX-License-Identifier: Apache-2.0
// vmc run HOST -- COMMAND
#include <random>

#include <CLI/CLI.hpp>

#include "app/cli/job_attendance.hpp"
#include "app/cli/job_text.hpp"
#include "app/cli/outcome_text.hpp"
#include "app/cli/result_file.hpp"
#include "app/cli/run_options.hpp"
#include "app/cli/verb.hpp"
#include "model/exit_code.hpp"
#include "model/job_script.hpp"

namespace vmc::cli {

namespace {

constexpr auto run_examples = R"(Examples:
  vmc run web-1 -- ./network-stress.sh    finishes there whatever happens here
  vmc run --detach --name soak web-1 -- make soak; later: vmc attach web-1 soak
  vmc run --timeout 2h --stdout out --stderr err web-1 -- ./suite
  vmc run --on-reboot resume web-1 -- ./kernel-test

The command becomes a job on the VM: it outlives the connection, this program
and, with --on-reboot, the VM's reboots. Each byte of its output is delivered
once. Ctrl-C ends the job; a lost terminal leaves it alone.
Exit code: the command's own; 124 time was up; 75 a reboot interrupted it; 130
cancelled; 128+n signal n; 255 lost from sight for --lost-after (the job may go
on: vmc attach); 125 refused before it began.)";

/// Chosen by us, so that a submit that failed can be told by it.
std::string new_job_id() {
    std::random_device chance;
    const auto draw = [&] { return (std::uint64_t{chance()} << 32U) | chance(); };
    return model::job_id(draw(), draw());
}

class RunVerb final : public Verb {
public:
    [[nodiscard]] std::string_view name() const override { return "run"; }
    [[nodiscard]] std::string_view summary() const override { return "run a command that finishes whatever happens"; }
    void describe(CLI::App& app) override;
    Expected<int> run(const Words& words) override;

private:
    Expected<int> follow(Contact& contact, const Job& job, JobSinks& sinks, ResultFile& result, Duration lost_after);

    HostOptions host_;
    RunOptions options_;
    std::optional<std::string> lost_after_;
    std::string stdout_, stderr_, result_;
    bool recover_ = false;
    bool detach_ = false;
    bool tmux_ = false;
    bool json_ = false;
    bool raw_ = false;
};

void RunVerb::describe(CLI::App& app) {
    host_.describe(app);
    options_.describe(app);
    const auto* watching = "Watching it";
    app.add_flag("--detach", detach_, "print its id and leave it alone")->group(watching);
    app.add_flag("--tmux", tmux_, "open a window in tmux on the VM to look at it")->group(watching);
    app.add_option("--lost-after", lost_after_, "give up after nothing was heard for this long (5m)")
        ->option_text("SPAN")
        ->group(watching);
    app.add_flag("--recover", recover_, "bring its VM back when it is gone (vmc recover)")->group(watching);
    app.add_option("--stdout", stdout_, "its stdout goes to this file, exactly once")
        ->option_text("FILE")
        ->group(watching);
    app.add_option("--stderr", stderr_, "its stderr goes to this file")->option_text("FILE")->group(watching);
    app.add_flag("--raw", raw_, "on a terminal, do not escape what it prints")->group(watching);
    app.add_flag("--json", json_, "everything as it happens, one JSON line each")->group(watching);
    app.add_option("--result", result_, "write how it ended to this file, as JSON")
        ->option_text("FILE")
        ->group(watching);
    app.footer(run_examples);
}

Expected<int> RunVerb::run(const Words& words) {
    auto request = options_.request(words, host_.host());
    if (!request) return std::unexpected(std::move(request.error()));
    auto result = ResultFile::claim(result_);
    if (!result) return std::unexpected(std::move(result.error()));
    // A retry with the same id goes on with its files.
    auto sinks = JobSinks::open(stdout_, stderr_, request->id().empty());
    if (!sinks) return std::unexpected(std::move(sinks.error()));
    if (request->id().empty()) request->id(new_job_id());
    const std::string id = request->id();
    auto contact = Contact::open(host_);
    if (!contact) return std::unexpected(std::move(contact.error()));
    const auto lost_after = span_of("--lost-after", lost_after_.value_or((*contact)->settings().text("lost_after")));
    if (!lost_after) return std::unexpected(lost_after.error());
    if (!raw_ && !json_) streams().escape_for_terminals();
    if (json_) (*contact)->also_hear([](const Notice& notice) { print(notice_event(notice)); });
    if (auto up = (*contact)->connect(); !up) return std::unexpected(std::move(up.error()));
    auto job = (*contact)->finish((*contact)->vm().submit(std::move(*request), *lost_after));
    if (!job) return std::unexpected(std::move(job.error()));
    if (!*job) {
        auto failure = (*contact)->failure(job->error());
        JobEnd end;
        end.status.id = id;
        if (job->error().code() != Code::lost) end.status.state = JobState::refused;
        end.gave_up = job->error();
        if (auto written = result->write(job_end_json(host_.host(), end)); !written)
            return std::unexpected(std::move(written.error()));
        return std::unexpected(std::move(failure));
    }
    if (tmux_) {
        auto view = (*contact)->finish((*job)->view());
        if (!view) return std::unexpected(std::move(view.error()));
        // Only a view: that there is none is no reason to leave the job.
        (*contact)->console().say(*view ? "on the VM: " + **view : line_of(view->error()));
    }
    if (detach_) {
        print((*job)->id() + "\n");
        return 0;
    }
    return follow(**contact, **job, **sinks, *result, *lost_after);
}

Expected<int> RunVerb::follow(Contact& contact, const Job& job, JobSinks& sinks, ResultFile& result,
                              Duration lost_after) {
    JobAttendance attendance(contact, sinks, json_ ? JobAttendance::Form::json : JobAttendance::Form::bytes,
                             JobAttendance::OnInterrupt::cancel);
    FollowOptions from;
    from.lost_after(lost_after);
    if (recover_) {
        const auto& policy = contact.settings().recovery;
        attendance.recover(policy);
        from.lost_after(lost_after + policy.within());  // who gives up is the recovery
    }
    sinks.continue_from(from);
    auto end = attendance.run(job, std::move(from));
    return options_.report(contact, job, end, attendance.left(), sinks, result, json_);
}

}  // namespace

std::unique_ptr<Verb> run_verb() { return std::make_unique<RunVerb>(); }

}  // namespace vmc::cli
