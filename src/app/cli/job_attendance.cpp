// SPDX-License-Identifier: Apache-2.0
#include "app/cli/job_attendance.hpp"

#include <algorithm>
#include <csignal>

#include <fmt/format.h>
#include <unistd.h>

#include "app/cli/job_text.hpp"
#include "app/cli/signals.hpp"
#include "app/cli/terminal.hpp"
#include "base/span.hpp"

namespace vmc::cli {

namespace {

constexpr Duration progress_every = std::chrono::seconds(1);
/// Whether the link is online still; its news ring the bell.
constexpr Duration look_again = std::chrono::seconds(5);

}  // namespace

JobAttendance::JobAttendance(Contact& contact, JobSinks& sinks, Form form, OnInterrupt on_interrupt)
    : contact_(contact), lookout_(contact), sinks_(sinks), form_(form), on_interrupt_(on_interrupt), begun_(now()),
      shows_progress_(::isatty(STDERR_FILENO) == 1 && form == Form::bytes &&
                      contact.console().loudness() != Loudness::quiet),
      next_progress_(begun_ + progress_every) {}

JobAttendance::~JobAttendance() {
    sinks_.outlet(Stream::out).when_room({});
    sinks_.outlet(Stream::err).when_room({});
}

bool JobAttendance::take(Stream stream, std::string_view bytes) {
    (stream == Stream::out ? out_bytes_ : err_bytes_) += bytes.size();
    if (form_ == Form::json && !sinks_.is_file(stream))
        return streams().out().put((stream == Stream::out ? out_events_ : err_events_).feed(bytes));
    return sinks_.outlet(stream).put(bytes);
}

JobEnd JobAttendance::run(Job job, FollowOptions options) {
    options.says([this](std::string_view line) { contact_.console().say(line); });
    options.knows([this](const JobStatus& status) {
        std::lock_guard lock(mutex_);
        known_ = status;
    });
    follow_ =
        job.follow([this](Stream stream, std::string_view bytes) { return take(stream, bytes); }, std::move(options));
    const auto room = [follow = *follow_]() mutable { follow.resume_output(); };
    sinks_.outlet(Stream::out).when_room(room);
    sinks_.outlet(Stream::err).when_room(room);
    auto end = follow_->end();
    end.on_done([] { bell().ring(); });
    while (!end.ready()) {
        look_after(job);
        say_what_is_known();
        if (lookout_.gave_up()) follow_->stop();
        show_progress();
        if (end.ready()) break;
        const Duration pause = shows_progress_ ? progress_every : left_until(lookout_.until());
        (void)bell().wait(-1, std::min(pause, look_again));
    }
    if (shows_progress_) streams().err().status({});
    if (form_ == Form::json) print(out_events_.finish() + err_events_.finish());
    JobEnd ended = end.get();
    if (lookout_.gave_up() && !left_ && !ended.status.ended())
        ended.gave_up = Error(Code::lost, Stage::command, "its VM is gone, and no step brought it back");
    return ended;
}

void JobAttendance::look_after(const Job& job) {
    const int wish = Signals::wish();
    const bool reader_gone = sinks_.outlet(Stream::out).broken() || sinks_.outlet(Stream::err).broken();
    if ((wish == 0 && !reader_gone) || cancelled_ || left_) return;
    if (wish == SIGINT && on_interrupt_ == OnInterrupt::cancel) {
        cancelled_ = true;
        contact_.console().say("cancelling the job; once more to leave at once");
        (void)job.cancel();
        return;
    }
    left_ = true;
    follow_->stop();
}

/// While nothing is heard of the VM: what stands in the way, and what was known last.
void JobAttendance::say_what_is_known() {
    auto text = lookout_.word();
    if (!text) return;
    std::lock_guard lock(mutex_);
    if (known_.state == JobState::running || known_.state == JobState::unknown)
        *text += " The job goes on by itself wherever its VM does.";
    if (known_.last_beat) *text += " Its last heartbeat was at " + clock_time(*known_.last_beat) + ".";
    contact_.console().say(*text);
}

void JobAttendance::show_progress() {
    if (!shows_progress_ || now() < next_progress_) return;
    next_progress_ = now() + progress_every;
    std::string text;
    {
        std::lock_guard lock(mutex_);
        const auto state = lookout_.away() ? "out of sight" : "running";
        text = fmt::format("{}: {} {}, {}", contact_.host(), state,
                           spoken(std::chrono::floor<std::chrono::seconds>(now() - begun_)),
                           size_text(out_bytes_ + err_bytes_));
        if (lookout_.losses() > 0) text += fmt::format(", reconnects {}", lookout_.losses());
        if (known_.last_beat) text += ", heartbeat " + clock_time(*known_.last_beat);
    }
    const auto width = Terminal::width(STDERR_FILENO);
    if (width > 1 && text.size() >= width) text.resize(width - 1);
    streams().err().status(std::move(text));
}

}  // namespace vmc::cli
