// SPDX-License-Identifier: Apache-2.0
// What makes a job begin, once.
#include <algorithm>

#include "job/jobs.hpp"

namespace vmc::job {

namespace {

/// One reading of the VM's boot.
constexpr Duration facts_within = std::chrono::seconds(60);
/// A submit is refused by the VM when it arrives later than this after it was written.
constexpr Duration submit_holds = std::chrono::seconds(90);
/// How long a reading stands for the next submits over the same connection. A VM that is paused meanwhile
/// takes a submit that much later.
constexpr Duration moment_holds = std::chrono::seconds(60);
constexpr std::size_t piece_of_input = std::size_t{96} * 1024;

}  // namespace

/// The boot that a submit is for, and how long it holds on the VM's own clock. One connection leads to one
/// boot: only over another one it is read anew.
Async<Result<model::JobMoment>> Jobs::moment(Instant deadline) {
    const Instant asked = ports_.clock.now();
    const auto over = link_.current();
    if (over && over == read_over_.lock() && asked - read_at_ < moment_holds) co_return moment_at(asked);
    auto read = co_await read_moment(deadline);
    if (!read) co_return std::unexpected(std::move(read.error()));
    read_ = std::move(*read);
    read_at_ = asked;
    // What was asked over another connection than it came by is used once.
    read_over_ = over == link_.current() ? over : nullptr;
    co_return moment_at(asked);
}

model::JobMoment Jobs::moment_at(Instant now) const {
    auto moment = read_;
    const auto since = std::chrono::ceil<std::chrono::seconds>(now - read_at_);
    if (moment.latest_uptime > 0) moment.latest_uptime += static_cast<std::uint64_t>(since.count());
    return moment;
}

Async<Result<model::JobMoment>> Jobs::read_moment(Instant deadline) {
    model::JobMoment now;
    auto facts = co_await link_.read_facts(std::min(deadline, ports_.clock.now() + facts_within));
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
        auto script = [&](const std::string& mark) { return model::stage_script(where, order, from, piece, mark); };
        auto answer = co_await ask_again(script, deadline);
        if (!answer) co_return std::unexpected(std::move(answer.error()));
        if (!(*answer)->values.refused().empty()) co_return std::unexpected(refusal((*answer)->values));
    }
    co_return Result<void>();
}

namespace {

/// What its supervisor said of itself.
JobStatus begun(const model::JobOrder& order) {
    JobStatus status;
    status.id = order.id;
    status.name = order.request.name();
    status.state = JobState::running;
    return status;
}

/// What is not known is not told as a no: the one thing that a caller must know before he tries once more.
Error not_begun(const std::string& id, bool may_have_begun, const Error& why) {
    if (!may_have_begun)
        return Error(why.code() == Code::lost ? Code::unreachable : why.code(), why.stage(),
                     "job " + id + ": this submit started nothing: " + why.message())
            .said(why.peer_words())
            .after(why.took());
    return Error(Code::lost, Stage::command, "job " + id + ": this submit may have started it, or not: " + why.line());
}

}  // namespace

Async<Result<JobStatus>> Jobs::submit(JobRequest request, Instant deadline) {
    if (auto fault = model::fault_of(request); !fault.empty())
        co_return failed(Code::bad_request, Stage::config, std::move(fault));
    std::string id = request.id();
    if (id.empty()) id = model::job_id(ports_.random.draw(), ports_.random.draw());
    model::JobOrder order(std::move(request), id);
    order.has_input = !order.request.command().input().empty();
    bool may_have_begun = false;
    auto status = co_await begin(order, may_have_begun, deadline);
    if (!status) co_return std::unexpected(not_begun(id, may_have_begun, status.error()));
    co_return status;
}

/// `may_have_begun`: a submit is on its way, or was, and nothing was heard of what became of it.
Async<Result<JobStatus>> Jobs::begin(const model::JobOrder& order, bool& may_have_begun, Instant deadline) {
    for (bool anew = false;;) {
        auto where = co_await place(order.request.directory(), deadline, true);
        if (!where) co_return std::unexpected(std::move(where.error()));
        if (auto why = where->why_not_durable(); !why.empty() && !order.request.allows_volatile())
            co_return failed(Code::declined, Stage::command, "a job would not be durable: " + why);
        if (order.has_input) {
            auto staged = co_await stage(order, *where, deadline);
            if (!staged) co_return std::unexpected(std::move(staged.error()));
        }
        auto now = co_await moment(deadline);
        if (!now) {
            const bool again = passes(now.error()) && co_await take_breath(deadline);
            if (!again) co_return std::unexpected(std::move(now.error()));
            continue;
        }
        const std::string mark = nonce();
        auto script = model::submit_script(*where, *now, order, mark);
        bool left = false;
        auto answer = co_await ask_once(std::move(script), mark, deadline, &left);
        if (!answer) {
            may_have_begun = may_have_begun || left;
            const bool again = passes(answer.error()) && co_await take_breath(deadline);
            if (!again) co_return std::unexpected(std::move(answer.error()));
            continue;
        }
        const auto& values = (*answer)->values;
        const auto refused = values.refused();
        if (refused.empty() && values.value("submitted") == "now") co_return begun(order);
        if (refused.empty()) {
            may_have_begun = true;
            break;
        }
        read_over_.reset();
        const bool passing = refused == "other-boot" || refused == "late";
        const bool moved = refused == "other-machine" || refused == "other-filesystem" || refused == "unsafe-root" ||
                           refused == "no-root";
        if (passing && ports_.clock.now() < deadline) continue;
        // All else is the VM's own word on this id.
        if (!passing && !moved) may_have_begun = refused == "not-started";
        // Another disk or machine than the one we remember: fine for a job that was never sent.
        if (!moved || may_have_begun || anew) co_return std::unexpected(refusal(values));
        anew = true;
        forget_place(order.request.directory());
    }
    NamedJob begun_before(order.id, order.request.directory());
    co_return co_await status(std::move(begun_before), deadline);
}

Async<Result<void>> Jobs::resume(JobStatus job, std::string directory, Instant deadline) {
    for (;;) {
        auto where = co_await place(directory, deadline);
        if (!where) co_return std::unexpected(std::move(where.error()));
        auto done = co_await resume_once(job, *where, deadline);
        if (done || !passes(done.error())) co_return done;
        const bool in_time = co_await take_breath(deadline);
        if (!in_time) co_return done;
    }
}

Async<Result<void>> Jobs::resume_once(const JobStatus& job, const model::JobPlace& where, Instant deadline) {
    auto now = co_await moment(deadline);
    if (!now) co_return std::unexpected(std::move(now.error()));
    const std::string mark = nonce();
    const bool fresh = job.on_reboot == OnReboot::rerun;
    auto script = model::resume_script(where, *now, job.id, job.reboots + 1, fresh, mark);
    auto answer = co_await ask_once(std::move(script), mark, deadline);
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    const auto refused = (*answer)->values.refused();
    // Or somebody else has entered it again meanwhile, and it has come to its end: that is for the next look.
    if (refused.empty() || refused == "over") co_return Result<void>();
    read_over_.reset();
    // It rebooted once more in between: another moment, another try.
    if (refused == "other-boot" || refused == "late")
        co_return failed(Code::lost, Stage::command, std::string((*answer)->values.value("why")));
    co_return std::unexpected(refusal((*answer)->values));
}

}  // namespace vmc::job
