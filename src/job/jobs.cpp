// SPDX-License-Identifier: Apache-2.0
#include "job/jobs.hpp"

#include <algorithm>

#include "flow/deadline.hpp"

namespace vmc::job {

namespace {

/// One question, on a VM whose disk is busy.
constexpr Duration answer_within = std::chrono::seconds(60);
/// A submit is refused by the VM when it arrives later than this after it was written.
constexpr Duration submit_holds = std::chrono::seconds(90);
constexpr Duration pause_between = std::chrono::milliseconds(200);
constexpr std::size_t piece_of_input = std::size_t{96} * 1024;
constexpr std::uint64_t no_output = 0;

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

}  // namespace

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

Async<Result<Jobs::Held>> Jobs::ask_once(std::string script, std::string nonce, Instant deadline) {
    const Instant by = std::min(deadline, ports_.clock.now() + answer_within);
    auto printed = co_await link_.ask(std::move(script), by, link::Link::long_answer);
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
        if (ports_.clock.now() + pause_between >= deadline) co_return answer;
        co_await ports_.clock.sleep_until(ports_.clock.now() + pause_between);
    }
}

Async<Result<model::JobPlace>> Jobs::prepare(std::string directory, Instant deadline) {
    auto script = [directory](const std::string& mark) { return model::prepare_script(directory, mark); };
    auto answer = co_await ask_again(std::move(script), deadline);
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    const auto& values = (*answer)->values;
    if (!values.refused().empty()) co_return std::unexpected(refusal(values));
    auto found = model::JobPlace::parse((*answer)->text);
    if (!found) co_return failed(Code::protocol, Stage::command, "the VM names no place for jobs");
    co_return std::move(*found);
}

Async<Result<model::JobPlace>> Jobs::place(std::string directory, Instant deadline) {
    if (place_ && directory_ == directory) co_return *place_;
    if (directory.empty()) {
        auto kept = ports_.store.read(place_name());
        if (kept && *kept)
            if (auto known = model::JobPlace::parse(**kept)) {
                place_ = *known;
                directory_.clear();
                co_return *place_;
            }
    }
    auto found = co_await prepare(directory, deadline);
    if (!found) co_return found;
    // Before the first submit: a retry after a crash of ours must go to the same place.
    if (directory.empty()) {
        auto kept = ports_.store.write(place_name(), found->text());
        if (!kept) co_return std::unexpected(std::move(kept.error()));
    }
    place_ = *found;
    directory_ = directory;
    co_return *place_;
}

Async<Result<Jobs::Held>> Jobs::ask(Script script, Instant deadline) {
    for (bool again = true;;) {
        auto where = co_await place(directory_, deadline);
        if (!where) co_return std::unexpected(std::move(where.error()));
        auto make = [&](const std::string& mark) { return script(*where, mark); };
        auto answer = co_await ask_again(make, deadline);
        if (!answer || (*answer)->values.refused() != "unsafe-root" || !again) co_return answer;
        // The place that we remember may be gone with an old disk: it is chosen anew, once.
        again = false;
        place_.reset();
        (void)ports_.store.remove(place_name());
    }
}

/// The boot that a submit is for, and how long it holds on the VM's own clock.
Async<Result<model::JobMoment>> Jobs::moment(Instant deadline) {
    model::JobMoment now;
    auto facts = co_await link_.read_facts(std::min(deadline, ports_.clock.now() + answer_within));
    // A VM without /proc has no boot id to show; everything else is a reason to try again.
    if (!facts && facts.error().code() == Code::protocol) co_return now;
    if (!facts) co_return std::unexpected(std::move(facts.error()));
    now.boot_id = facts->boot_id.text();
    now.incarnation = facts->incarnation;
    if (facts->uptime > Duration{}) {
        const auto latest = std::chrono::ceil<std::chrono::seconds>(facts->uptime + submit_holds);
        now.latest_uptime = static_cast<std::uint64_t>(latest.count());
    }
    co_return now;
}

Async<Result<void>> Jobs::stage(model::JobOrder order, model::JobPlace where, Instant deadline) {
    const std::string& input = order.request.command().input();
    for (std::size_t from = 0; from < input.size(); from += piece_of_input) {
        const auto piece = input.substr(from, piece_of_input);
        auto script = [&](const std::string& mark) { return model::stage_script(where, order.id, from, piece, mark); };
        auto answer = co_await ask_again(script, deadline);
        if (!answer) co_return std::unexpected(std::move(answer.error()));
        if (!(*answer)->values.refused().empty()) co_return std::unexpected(refusal((*answer)->values));
    }
    co_return Result<void>();
}

Async<Result<JobStatus>> Jobs::submit(JobRequest request, Instant deadline) {
    if (auto fault = model::fault_of(request); !fault.empty())
        co_return failed(Code::bad_request, Stage::config, std::move(fault));
    std::string id = request.id();
    if (id.empty()) id = model::job_id(ports_.random.draw(), ports_.random.draw());
    model::JobOrder order(std::move(request), id);
    order.has_input = !order.request.command().input().empty();
    bool may_be_there = false;
    for (bool anew = false;;) {
        auto where = co_await place(order.request.directory(), deadline);
        if (!where) co_return std::unexpected(std::move(where.error()));
        if (auto why = where->why_not_durable(); !why.empty() && !order.request.allows_volatile())
            co_return failed(Code::declined, Stage::command, "a job would not be durable: " + why);
        if (order.has_input) {
            auto staged = co_await stage(order, *where, deadline);
            if (!staged) co_return std::unexpected(std::move(staged.error()));
        }
        auto now = co_await moment(deadline);
        if (!now) co_return std::unexpected(std::move(now.error()));
        const std::string mark = nonce();
        auto answer = co_await ask_once(model::submit_script(*where, *now, order, mark), mark, deadline);
        if (!answer) {
            may_be_there = true;
            if (!passes(answer.error()) || ports_.clock.now() + pause_between >= deadline)
                co_return std::unexpected(std::move(answer.error()));
            co_await ports_.clock.sleep_until(ports_.clock.now() + pause_between);
            continue;
        }
        const auto& values = (*answer)->values;
        const auto refused = values.refused();
        if (refused.empty()) break;
        const bool passing = refused == "other-boot" || refused == "late";
        const bool moved = refused == "other-machine" || refused == "other-filesystem" || refused == "unsafe-root" ||
                           refused == "no-root";
        if (passing && ports_.clock.now() < deadline) continue;
        // Another disk or machine than the one we remember: fine for a job that was never sent.
        if (!moved || may_be_there || anew) co_return std::unexpected(refusal(values));
        anew = true;
        place_.reset();
        (void)ports_.store.remove(place_name());
    }
    co_return co_await status(order.id, deadline);
}

Async<Result<std::vector<JobStatus>>> Jobs::list(Instant deadline) {
    auto script = [](const model::JobPlace& where, const std::string& mark) { return model::list_script(where, mark); };
    auto answer = co_await ask(script, deadline);
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    if (!(*answer)->values.refused().empty()) co_return std::unexpected(refusal((*answer)->values));
    std::vector<JobStatus> all;
    const auto wire = link_.current();
    const std::string life = wire && wire->facts ? wire->facts->incarnation : std::string();
    for (const auto& job : (*answer)->values.jobs) all.push_back(model::job_status((*answer)->values, job, life));
    std::ranges::stable_sort(all, {}, [](const JobStatus& one) { return one.started_at.value_or(WallTime()); });
    co_return all;
}

Async<Result<std::string>> Jobs::id_of(std::string job, Instant deadline) {
    if (model::is_job_id(job)) co_return job;
    if (!model::is_job_name(job)) co_return failed(Code::bad_request, Stage::config, "not the name or id of a job");
    auto all = co_await list(deadline);
    if (!all) co_return std::unexpected(std::move(all.error()));
    std::string id;
    for (const auto& one : *all)
        if (one.name == job) id = one.id;
    if (id.empty()) co_return failed(Code::declined, Stage::command, "no job is called " + job);
    co_return id;
}

Async<Result<JobStatus>> Jobs::status(std::string job, Instant deadline) {
    auto id = co_await id_of(std::move(job), deadline);
    if (!id) co_return std::unexpected(std::move(id.error()));
    auto script = [&](const model::JobPlace& where, const std::string& mark) {
        return model::look_script(where, *id, model::JobOffsets(), no_output, mark);
    };
    auto answer = co_await ask(script, deadline);
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    if (!(*answer)->values.refused().empty()) co_return std::unexpected(refusal((*answer)->values));
    co_return read(**answer);
}

Async<Result<JobStatus>> Jobs::cancel(std::string job, Duration grace, Instant deadline) {
    auto id = co_await id_of(std::move(job), deadline);
    if (!id) co_return std::unexpected(std::move(id.error()));
    auto script = [&](const model::JobPlace& where, const std::string& mark) {
        return model::cancel_script(where, *id, grace, mark);
    };
    auto answer = co_await ask(script, deadline);
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    if (!(*answer)->values.refused().empty()) co_return std::unexpected(refusal((*answer)->values));
    co_return co_await status(*id, deadline);
}

Async<Result<void>> Jobs::remove(std::string job, Instant deadline) {
    auto id = co_await id_of(std::move(job), deadline);
    if (!id) co_return std::unexpected(std::move(id.error()));
    auto script = [&](const model::JobPlace& where, const std::string& mark) {
        return model::remove_script(where, *id, mark);
    };
    auto answer = co_await ask(script, deadline);
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

Async<Result<void>> Jobs::resume(JobStatus job, Instant deadline) {
    const bool fresh = job.on_reboot == OnReboot::rerun;
    for (;;) {
        auto where = co_await place(directory_, deadline);
        if (!where) co_return std::unexpected(std::move(where.error()));
        auto now = co_await moment(deadline);
        if (!now) co_return std::unexpected(std::move(now.error()));
        const std::string mark = nonce();
        auto script = model::resume_script(*where, *now, job.id, job.reboots + 1, fresh, mark);
        auto answer = co_await ask_once(std::move(script), mark, deadline);
        if (answer && (*answer)->values.refused().empty()) co_return Result<void>();
        if (answer) {
            const auto refused = (*answer)->values.refused();
            if (refused != "other-boot" && refused != "late") co_return std::unexpected(refusal((*answer)->values));
        } else if (!passes(answer.error())) {
            co_return std::unexpected(std::move(answer.error()));
        }
        if (ports_.clock.now() + pause_between >= deadline)
            co_return failed(Code::timed_out, Stage::command, "the job could not be entered again in time");
        co_await ports_.clock.sleep_until(ports_.clock.now() + pause_between);
    }
}

Async<Result<void>> Jobs::clean_up(std::string id, Instant deadline) {
    auto script = [&](const model::JobPlace& where, const std::string& mark) {
        return model::cleanup_script(where, id, mark);
    };
    auto answer = co_await ask(script, deadline);
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    if (!(*answer)->values.refused().empty()) co_return std::unexpected(refusal((*answer)->values));
    co_return Result<void>();
}

}  // namespace vmc::job
