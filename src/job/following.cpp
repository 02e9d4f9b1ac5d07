// SPDX-License-Identifier: Apache-2.0
#include "job/following.hpp"

#include <algorithm>

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "base/span.hpp"
#include "flow/deadline.hpp"

namespace vmc::job {

namespace {

/// A stream on the VM ends by itself after this long, so that none stays there when we are gone.
constexpr Duration patience = std::chrono::minutes(5);
constexpr Duration spare = std::chrono::seconds(30);
/// Of one look, for each stream.
constexpr std::uint64_t most_at_once = std::uint64_t{1} * 1024 * 1024;
/// Followers of one link that hold a channel each; further ones look in turns. Of sshd's ten sessions.
constexpr int most_streams = 4;
constexpr Duration look_every = std::chrono::seconds(1);
constexpr Duration one_answer_within = std::chrono::seconds(60);
constexpr Duration pause_after_failure = std::chrono::milliseconds(300);

/// No use in asking again.
bool is_final(const Error& error) {
    return model::is_hard_stop(error.code()) || error.code() == Code::declined || error.code() == Code::local;
}

}  // namespace

/// Both streams of one answer, read as they come.
class Following::Streams final : public link::Sink {
public:
    Streams(Following& following, const std::string& nonce)
        : following_(following), out_(following.from_.out, nonce, false), err_(following.from_.err, nonce, false),
          sieve_(nonce) {}

    Async<void> ready() override { co_await following_.sink_.ready(); }
    void take(port::Stream stream, std::string bytes) override {
        auto& reader = stream == port::Stream::out ? out_ : err_;
        if (stream == port::Stream::err) bytes = sieve_.take(std::move(bytes));
        auto fresh = reader.take(bytes);
        following_.note(reader, stream == port::Stream::out ? "stdout" : "stderr");
        if (out_.begun()) following_.answered_ = true;
        if (!fresh.empty()) following_.sink_.take(stream, std::move(fresh));
        if (auto beat = sieve_.beat()) following_.hear(std::move(*beat));
    }
    [[nodiscard]] bool begun() const { return out_.begun(); }

private:
    Following& following_;
    model::JobReader out_;
    model::JobReader err_;
    model::BeatSieve sieve_;
};

Following::Following(Jobs& jobs, std::string id, std::string directory, FollowFrom from, link::Sink& sink,
                     FollowWatcher& watcher)
    : jobs_(jobs), id_(std::move(id)), directory_(std::move(directory)), from_(std::move(from)), sink_(sink),
      watcher_(watcher) {
    result_.status.id = id_;
}

void Following::note(const model::JobReader& reader, const char* name) {
    if (!reader.rewritten() || rewritten_said_) return;
    rewritten_said_ = true;
    watcher_.says(std::string(name) + " of the job is not what it was before: it was rewritten on the VM");
}

void Following::hear(model::JobBeat beat) {
    auto& status = result_.status;
    beat.tell_running(status);
    status.stdout_bytes = from_.out.offset();
    status.stderr_bytes = from_.err.offset();
    heard_ = std::move(beat);
    watcher_.knows(status);
}

void Following::failed_with(const Error& error) {
    last_error_ = error;
    if (!away_since_) {
        away_since_ = jobs_.ports().clock.now();
        ++result_.reconnects;
    }
}

bool Following::complete() const {
    return from_.out.offset() >= result_.status.stdout_bytes && from_.err.offset() >= result_.status.stderr_bytes;
}

/// What is missing comes with the next look. A job that runs is never that far.
bool Following::nearly_complete() const {
    const auto& status = result_.status;
    return status.ended() && status.stdout_bytes <= from_.out.offset() + most_at_once &&
           status.stderr_bytes <= from_.err.offset() + most_at_once;
}

/// What the VM has less of than was delivered is gone there, and that is said.
bool Following::settle_offsets(const JobStatus& status) {
    const auto settle = [&](model::JobPosition& position, std::uint64_t size, const char* name) {
        if (size >= position.offset()) return false;
        watcher_.says(std::string(name) +
                      " of the job is shorter on the VM than what was delivered: rolled back from " +
                      std::to_string(position.offset()) + " to " + std::to_string(size) + " bytes");
        position.rolled_back(size);
        return true;
    };
    const bool out = settle(from_.out, status.stdout_bytes, "stdout");
    const bool err = settle(from_.err, status.stderr_bytes, "stderr");
    return out || err;
}

Async<void> Following::deliver(port::Stream stream, std::string_view bytes) {
    auto& position = stream == port::Stream::out ? from_.out : from_.err;
    model::JobReader reader(position, "", true);
    std::string fresh = reader.take(bytes);
    note(reader, stream == port::Stream::out ? "stdout" : "stderr");
    if (fresh.empty()) co_return;
    co_await sink_.ready();
    sink_.take(stream, std::move(fresh));
}

/// The job's state and what is still missing. False: no answer.
Async<bool> Following::look() {
    model::JobOffsets from;
    from.out = from_.out.ask_from();
    from.err = from_.err.ask_from();
    auto script = [&](const model::JobPlace& where, const std::string& mark) {
        return model::look_script(where, id_, from, most_at_once, mark);
    };
    const Instant now = jobs_.ports().clock.now();
    const Instant until_lost = away_since_.value_or(now) + from_.lost_after;
    auto answer = co_await jobs_.ask(directory_, script, std::max(now, std::min(now + one_answer_within, until_lost)));
    if (!answer) {
        failed_with(answer.error());
        co_return false;
    }
    if (!(*answer)->values.refused().empty()) {
        failed_with(refusal((*answer)->values));
        co_return false;
    }
    if (away_since_) watcher_.says("the job is followed again");
    away_since_.reset();
    answered_ = true;
    result_.status = jobs_.read(**answer);
    if (heard_) heard_->correct(result_.status);
    watcher_.knows(result_.status);
    const auto& jobs = (*answer)->values.jobs;
    const bool not_ours = !jobs.empty() && !model::why_no_job(jobs.front()).empty();
    if (not_ours) {
        failed_with(Error(Code::declined, Stage::command, result_.status.why));
        co_return false;
    }
    if (settle_offsets(result_.status)) co_return true;
    co_await deliver(port::Stream::out, (*answer)->values.out);
    co_await deliver(port::Stream::err, (*answer)->values.err);
    co_return true;
}

/// Output as it comes, until the job has ended. False: it could not be had.
Async<bool> Following::stream() {
    struct Counted {
        int& streams;
        explicit Counted(int& of) : streams(of) { ++streams; }
        ~Counted() { --streams; }
    } counted(jobs_.streams);
    const Instant now = jobs_.ports().clock.now();
    auto where = co_await jobs_.place(directory_, now + one_answer_within);
    if (!where) {
        failed_with(where.error());
        co_return false;
    }
    model::JobOffsets from;
    from.out = from_.out.ask_from();
    from.err = from_.err.ask_from();
    const std::string mark = model::nonce(jobs_.ports().random.draw());
    Streams streams(*this, mark);
    const model::JobOffsets held{from_.out.offset(), from_.err.offset()};
    auto script = model::follow_script(*where, id_, from, held, patience, mark);
    auto ended = co_await jobs_.link().stream(std::move(script), streams, now + patience + spare);
    if (ended) co_return true;
    if (ended.error().code() != Code::channel_refused || streams.begun()) failed_with(ended.error());
    co_return false;
}

/// Whatever it is that we wait for: a link that is silent, or away, for lost_after ends it.
Async<Followed> Following::run() {
    bool lost = true;
    {
        using namespace boost::asio::experimental::awaitable_operators;
        auto race = follow() || jobs_.link().until_away_for(from_.lost_after);
        auto first = co_await std::move(race);
        lost = first.index() == 1;
    }
    if (lost) {
        Error why(Code::lost, Stage::command, "nothing heard of the VM for " + spoken(from_.lost_after));
        failed_with(jobs_.link().last_error().value_or(std::move(why)));
        result_.gave_up = last_error_;
    }
    co_return std::move(result_);
}

Async<void> Following::follow() {
    auto& clock = jobs_.ports().clock;
    for (bool looked = false;;) {
        // The first look costs a round trip that a job just submitted does not need.
        const bool stream_it = from_.to_the_end && jobs_.streams < most_streams && (!looked || !nearly_complete());
        bool fine = true;
        if (stream_it) fine = co_await stream();
        fine = co_await look() && fine;
        looked = fine;
        if (looked && result_.status.ended()) {
            const bool again = co_await go_on_after_reboot();
            if (again) {
                result_.status.state = JobState::running;
                continue;
            }
            if (!complete()) continue;
            const bool settled = co_await confirm();
            if (!settled) continue;
            note_blank_ends();
            co_await clean_up();
            co_return;
        }
        if (looked && !from_.to_the_end && complete()) co_return;
        const Instant now = clock.now();
        if (last_error_ && away_since_) {
            if (is_final(*last_error_) || now - *away_since_ >= from_.lost_after) {
                result_.gave_up = last_error_;
                co_return;
            }
            co_await clock.sleep_until(now + pause_after_failure);
        } else if (!stream_it && complete()) {
            co_await clock.sleep_until(now + look_every);
        }
    }
}

}  // namespace vmc::job
