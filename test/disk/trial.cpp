// SPDX-License-Identifier: Apache-2.0
#include "disk/trial.hpp"

#include <chrono>
#include <set>

#include "disk/job.hpp"

using namespace vmc;

namespace disk {

namespace {

bool never_ran(const JobStatus& status, bool absent) {
    return absent || status.state == JobState::refused || status.state == JobState::submitted;
}

std::string state_of(const Job& job, const JobStatus& status) {
    return std::string(job.absent ? "absent" : slug(status.state));
}

void note(Trial& trial, const Ran& ran) {
    trial.cut = ran.cut;
    trial.steps = ran.steps;
    trial.completed = ran.completed;
    trial.told = ran.printed.find("submitted=now\n") != ran.printed.npos;
}

/// What the order of durable writes is for, as a client sees it.
void judge(Trial& trial, const Job& job, const JobStatus& status, int runs) {
    const bool ended = status.state == JobState::exited;
    const bool begun = !never_ran(status, job.absent);
    trial.never(runs > 0 && !begun, "it ran, and is said to have never begun");
    trial.never(trial.told && !begun, "its submit was confirmed, and is not known any more");
    trial.never(trial.completed && !ended, "its result was seen, and is lost");
    trial.never(begun && status.state == JobState::unknown, "nothing is known of how it ended");
    trial.never(ended && status.exit_code != Job::code, "its exit code is not its own");
    trial.never(ended && !(job.has_whole_output() && status.output_kept), "it has a result and not all of its output");
    trial.never(begun && (status.name != "a-name" || status.command.empty()), "it ran, and its request cannot be read");
    trial.never(status.state == JobState::running, "it runs, and its VM was off");
}

/// As a client does it that follows the job; to its end.
JobStatus go_on(Job& job) {
    auto status = job.look();
    for (int tries = 0; tries < 3 && status.state == JobState::interrupted; ++tries) {
        (void)job.resume(status.reboots + 1);
        status = job.look();
    }
    return status;
}

void judge_rerun(Trial& trial, Job& job) {
    const auto status = go_on(job);
    const auto executions = job.executions();
    trial.state = state_of(job, status);
    judge(trial, job, status, job.runs());
    trial.never(status.state == JobState::interrupted, "it was interrupted, and cannot be entered again");
    (void)job.submit_again();
    const auto all = job.executions();
    trial.never(std::set(all.begin(), all.end()).size() != all.size(), "one attempt ran twice");
    trial.never(!executions.empty() && all.size() != executions.size(), "it ran, and a submit ran it again");
    trial.executions = job.runs();
}

}  // namespace

Trial play_one(Machine& machine, Cut cut, const std::string& without) {
    Trial trial;
    trial.asked = cut;
    Job job(machine, {}, without);
    const auto begun = std::chrono::steady_clock::now();
    note(trial, job.submit(cut));
    trial.took =
        std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begun).count();
    machine.reboot();
    const auto status = job.look();
    trial.state = state_of(job, status);
    judge(trial, job, status, job.runs());
    (void)job.submit_again();
    trial.executions = job.runs();
    trial.never(trial.executions > 1, "it ran twice");
    machine.forget(job.id());
    return trial;
}

Trial play_rerun(Machine& machine, Cut cut, const std::string& without) {
    Trial trial;
    trial.asked = cut;
    Job job(machine, {.input = true, .reruns = true}, without);
    note(trial, job.submit(cut));
    machine.reboot();
    judge_rerun(trial, job);
    machine.forget(job.id());
    return trial;
}

Trial play_second_cut(Machine& machine, Cut cut, const std::string& without) {
    Trial trial;
    Job job(machine, {.input = true, .reruns = true}, without);
    note(trial, job.submit({.in_middle = true}));
    machine.reboot();
    trial.asked = cut;
    const auto ran = job.resume(1, cut);
    trial.cut = ran.cut;
    trial.steps = ran.steps;
    trial.completed = ran.completed;
    machine.reboot();
    // It has had no answer, and asks once more before it looks.
    (void)job.resume(1);
    judge_rerun(trial, job);
    machine.forget(job.id());
    return trial;
}

Trial play_cleanup(Machine& machine, Cut cut, const std::string& without) {
    Trial trial;
    trial.asked = cut;
    Job job(machine, {.cleanup = true}, without);
    note(trial, job.submit(cut));
    machine.reboot();
    auto status = job.look();
    judge(trial, job, status, job.runs());
    if (status.cleanup_pending) job.clean_up();
    status = job.look();
    trial.state = state_of(job, status);
    trial.executions = job.runs();
    const auto cleanups = static_cast<int>(job.executions().size()) - trial.executions;
    trial.never(cleanups > 1, "its cleanup ran twice");
    trial.never(trial.executions > 0 && cleanups == 0 && !job.cleanup_begun, "it ran, and its cleanup never did");
    trial.never(status.cleanup_pending, "its cleanup cannot be run");
    machine.forget(job.id());
    return trial;
}

Trial play_broken_off(Machine& machine, Cut cut, const std::string& without) {
    Trial trial;
    cut.spares_disk = true;
    trial.asked = cut;
    Job job(machine, {}, without);
    note(trial, job.submit(cut));
    const int before = job.runs();
    const auto second = job.submit_again();
    const auto says = [&](const char* words) { return second.printed.find(words) != second.printed.npos; };
    machine.reboot();
    (void)job.submit_again();
    trial.state = state_of(job, job.look());
    trial.executions = job.runs();
    trial.never(says("refused=burned\n") && trial.executions > before, "it was said that it never runs, and it ran");
    trial.never(says("submitted=already\n") && trial.executions > before && before > 0, "it ran twice");
    machine.forget(job.id());
    return trial;
}

Trial play_part_of_input(Machine& machine, Cut cut, const std::string& without) {
    Trial trial;
    trial.asked = cut;
    Job job(machine, {.input = true}, without);
    const auto refused = job.submit_with_a_part(700 * std::size_t{cut.before_step});
    trial.never(job.runs() > 0, "it ran with a part of its input");
    trial.never(refused.printed.find("refused=no-input\n") == refused.printed.npos, "a part was taken for the whole");
    note(trial, job.submit({}));
    const auto status = job.look();
    trial.state = state_of(job, status);
    trial.executions = job.runs();
    judge(trial, job, status, trial.executions);
    machine.forget(job.id());
    return trial;
}

}  // namespace disk
