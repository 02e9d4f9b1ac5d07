// SPDX-License-Identifier: Apache-2.0
#include "job/jobs.hpp"

#include <algorithm>

#include "flow/deadline.hpp"
#include "model/job_prune.hpp"
#include "model/key_values.hpp"

namespace vmc::job {

namespace {

/// One question, on a VM whose disk is busy.
constexpr Duration answer_within = std::chrono::seconds(60);
constexpr Duration pause_between = std::chrono::milliseconds(200);
constexpr std::uint64_t no_output = 0;

}  // namespace

/// The connection, not the VM's opinion: asking again may help.
bool passes(const Error& error) {
    switch (error.code()) {
        case Code::lost:
        case Code::timed_out:
        case Code::protocol:
        case Code::refused:
        case Code::unreachable:
        case Code::throttled:
        case Code::booting:
        case Code::channel_refused:
        case Code::held: return true;
        default: return false;
    }
}

Error refusal(const model::JobAnswer& answer) {
    return Error(Code::declined, Stage::command, std::string(answer.value("why")));
}

std::string Jobs::place_name() const {
    const auto& target = link_.target();
    return model::job_place_name(target.host(), target.port(), target.user());
}

JobStatus Jobs::read(const Answer& answer) const {
    const auto wire = link_.current();
    const std::string life = wire && wire->facts ? wire->facts->incarnation : std::string();
    if (answer.values.jobs.empty()) return JobStatus();
    return model::job_status(answer.values, answer.values.jobs.front(), life);
}

Async<Result<Jobs::Held>> Jobs::ask_once(std::string script, std::string nonce, Instant deadline, bool* left) {
    const Instant by = std::min(deadline, ports_.clock.now() + answer_within);
    auto printed = co_await link_.ask(std::move(script), by, link::Link::long_answer, left);
    if (!printed) co_return std::unexpected(std::move(printed.error()));
    auto answer = std::make_unique<Answer>();
    answer->text = std::move(*printed);
    auto values = model::JobAnswer::parse(answer->text, nonce);
    if (!values) co_return std::unexpected(std::move(values.error()));
    answer->values = std::move(*values);
    co_return answer;
}

Async<Result<Jobs::Held>> Jobs::ask_again(std::function<std::string(const std::string&)> script, Instant deadline) {
    for (;;) {
        const std::string mark = nonce();
        auto answer = co_await ask_once(script(mark), mark, deadline);
        if (answer || !passes(answer.error())) co_return answer;
        const bool in_time = co_await take_breath(deadline);
        if (!in_time) co_return answer;
    }
}

/// Before asking again. A link that has never been up does not come up by itself. False: no time is left.
Async<bool> Jobs::take_breath(Instant deadline) {
    if (ports_.clock.now() + pause_between >= deadline) co_return false;
    co_await ports_.clock.sleep_until(ports_.clock.now() + pause_between);
    const bool resting =
        std::holds_alternative<model::Idle>(link_.state()) || std::holds_alternative<model::Stopped>(link_.state());
    if (resting) (void)co_await link_.connect();
    co_return ports_.clock.now() < deadline;
}

Async<Result<model::JobPlace>> Jobs::prepare(std::string directory, bool submits, Instant deadline) {
    auto script = [directory, submits](const std::string& mark) {
        return model::prepare_script(directory, submits, mark);
    };
    auto answer = co_await ask_again(std::move(script), deadline);
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    const auto& values = (*answer)->values;
    if (!values.refused().empty()) co_return std::unexpected(refusal(values));
    auto found = model::JobPlace::parse((*answer)->text);
    if (!found) co_return failed(Code::protocol, Stage::command, "the VM names no place for jobs");
    co_return std::move(*found);
}

Async<Result<model::JobPlace>> Jobs::place(std::string directory, Instant deadline, bool submits) {
    if (!directory.empty() && !directory.starts_with('/'))
        co_return failed(Code::bad_request, Stage::config, "the directory for jobs is an absolute path on the VM");
    if (const auto known = places_.find(directory); known != places_.end()) co_return known->second;
    if (directory.empty()) {
        auto kept = ports_.store.read(place_name());
        if (kept && *kept)
            if (auto known = model::JobPlace::parse(**kept)) {
                places_.insert_or_assign(directory, *known);
                co_return std::move(*known);
            }
    }
    auto found = co_await prepare(directory, submits, deadline);
    if (!found) co_return found;
    // Before the first submit: a retry after a crash of ours must go to the same place.
    if (directory.empty()) {
        auto kept = ports_.store.write(place_name(), found->text());
        if (!kept) co_return std::unexpected(std::move(kept.error()));
    }
    places_.insert_or_assign(directory, *found);
    co_return std::move(*found);
}

void Jobs::forget_place(const std::string& directory) {
    places_.erase(directory);
    if (directory.empty()) (void)ports_.store.remove(place_name());
}

Async<Result<Jobs::Held>> Jobs::ask(std::string directory, Script script, Instant deadline) {
    for (bool again = true;;) {
        auto where = co_await place(directory, deadline);
        if (!where) co_return std::unexpected(std::move(where.error()));
        auto make = [&](const std::string& mark) { return script(*where, mark); };
        auto answer = co_await ask_again(make, deadline);
        if (!answer || (*answer)->values.refused() != "unsafe-root" || !again) co_return answer;
        // The place that we remember may be gone with an old disk: it is chosen anew, once.
        again = false;
        forget_place(directory);
    }
}

Async<Result<std::vector<JobStatus>>> Jobs::list(std::string directory, Instant deadline) {
    auto script = [](const model::JobPlace& where, const std::string& mark) { return model::list_script(where, mark); };
    auto answer = co_await ask(directory, script, deadline);
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    if (!(*answer)->values.refused().empty()) co_return std::unexpected(refusal((*answer)->values));
    std::vector<JobStatus> all;
    const auto wire = link_.current();
    const std::string life = wire && wire->facts ? wire->facts->incarnation : std::string();
    for (const auto& job : (*answer)->values.jobs) all.push_back(model::job_status((*answer)->values, job, life));
    std::ranges::stable_sort(all, {}, [](const JobStatus& one) { return one.started_at.value_or(WallTime()); });
    co_return all;
}

Async<Result<std::string>> Jobs::id_of(NamedJob job, Instant deadline) {
    if (model::is_job_id(job.name)) co_return std::move(job.name);
    if (!model::is_job_name(job.name))
        co_return failed(Code::bad_request, Stage::config, "not the name or id of a job");
    auto all = co_await list(job.directory, deadline);
    if (!all) co_return std::unexpected(std::move(all.error()));
    std::string id;
    for (const auto& one : *all)
        if (one.name == job.name) id = one.id;
    if (id.empty()) co_return failed(Code::declined, Stage::command, "no job is called " + job.name);
    co_return id;
}

Async<Result<JobStatus>> Jobs::status(NamedJob job, Instant deadline) {
    auto id = co_await id_of(job, deadline);
    if (!id) co_return std::unexpected(std::move(id.error()));
    auto script = [&](const model::JobPlace& where, const std::string& mark) {
        return model::look_script(where, *id, model::JobOffsets(), no_output, mark);
    };
    auto answer = co_await ask(job.directory, script, deadline);
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    if (!(*answer)->values.refused().empty()) co_return std::unexpected(refusal((*answer)->values));
    auto why = (*answer)->values.jobs.empty() ? "" : model::why_no_job((*answer)->values.jobs.front());
    if (!why.empty()) co_return failed(Code::declined, Stage::command, std::move(why));
    co_return read(**answer);
}

Async<Result<JobStatus>> Jobs::cancel(NamedJob job, Duration grace, Instant deadline) {
    auto id = co_await id_of(job, deadline);
    if (!id) co_return std::unexpected(std::move(id.error()));
    auto script = [&](const model::JobPlace& where, const std::string& mark) {
        return model::cancel_script(where, *id, grace, mark);
    };
    auto answer = co_await ask(job.directory, script, deadline);
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    if (!(*answer)->values.refused().empty()) co_return std::unexpected(refusal((*answer)->values));
    NamedJob found(*id, job.directory);
    co_return co_await status(std::move(found), deadline);
}

Async<Result<void>> Jobs::remove(NamedJob job, Instant deadline) {
    auto id = co_await id_of(job, deadline);
    if (!id) co_return std::unexpected(std::move(id.error()));
    auto script = [&](const model::JobPlace& where, const std::string& mark) {
        return model::remove_script(where, *id, mark);
    };
    auto answer = co_await ask(job.directory, script, deadline);
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    if (!(*answer)->values.refused().empty()) co_return std::unexpected(refusal((*answer)->values));
    const auto& jobs = (*answer)->values.jobs;
    const auto has = [&](std::string_view key) { return !jobs.empty() && jobs.front().contains(key); };
    if (has("removed")) co_return Result<void>();
    std::string why = "there is no such job";
    if (has("held")) why = "it still runs: cancel it first";
    if (has("foreign")) why = jobs.front().at("foreign");
    co_return failed(Code::declined, Stage::command, std::move(why));
}

Async<Result<void>> Jobs::clean_up(NamedJob job, Instant deadline) {
    auto id = co_await id_of(job, deadline);
    if (!id) co_return std::unexpected(std::move(id.error()));
    auto script = [&](const model::JobPlace& where, const std::string& mark) {
        return model::cleanup_script(where, *id, mark);
    };
    auto answer = co_await ask(job.directory, script, deadline);
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    if (!(*answer)->values.refused().empty()) co_return std::unexpected(refusal((*answer)->values));
    co_return Result<void>();
}

Async<Result<bool>> Jobs::confirm(NamedJob job, Instant deadline) {
    auto where = co_await place(job.directory, deadline);
    if (!where) co_return std::unexpected(std::move(where.error()));
    const std::string mark = nonce();
    const Instant by = std::min(deadline, ports_.clock.now() + answer_within);
    auto printed = co_await link_.ask_anew(model::confirm_script(*where, job.name, mark), by);
    if (!printed) co_return std::unexpected(std::move(printed.error()));
    auto answer = model::JobAnswer::parse(*printed, mark);
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    if (!answer->refused().empty()) co_return std::unexpected(refusal(*answer));
    co_return answer->value("confirmed") == "yes";
}

Async<Result<std::string>> Jobs::view(NamedJob job, Instant deadline) {
    auto id = co_await id_of(job, deadline);
    if (!id) co_return std::unexpected(std::move(id.error()));
    const std::string title = job.name == *id ? id->substr(0, 8) : job.name;
    auto script = [&](const model::JobPlace& where, const std::string& mark) {
        return model::view_script(where, *id, title, mark);
    };
    auto answer = co_await ask(job.directory, script, deadline);
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    if (!(*answer)->values.refused().empty()) co_return std::unexpected(refusal((*answer)->values));
    co_return std::string((*answer)->values.value("view"));
}

Async<Result<std::vector<std::string>>> Jobs::prune(Duration age, std::uint64_t bytes, std::string directory,
                                                    Instant deadline) {
    auto script = [](const model::JobPlace& where, const std::string& mark) { return model::list_script(where, mark); };
    auto answer = co_await ask(directory, script, deadline);
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    const auto& values = (*answer)->values;
    if (!values.refused().empty()) co_return std::unexpected(refusal(values));
    const auto wall = model::whole_number<std::int64_t>(values.value("wall"));
    if (!wall) co_return failed(Code::protocol, Stage::command, "the VM does not say what time it is");
    std::vector<JobStatus> all;
    for (const auto& job : values.jobs) all.push_back(model::job_status(values, job));
    const auto ids = model::jobs_to_prune(all, WallTime(std::chrono::seconds(*wall)), age, bytes);
    for (const auto& id : ids) {
        NamedJob job(id, directory);
        auto removed = co_await remove(std::move(job), deadline);
        if (!removed) co_return std::unexpected(std::move(removed.error()));
    }
    co_return ids;
}

}  // namespace vmc::job
