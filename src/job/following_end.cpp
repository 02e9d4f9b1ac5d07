// SPDX-License-Identifier: Apache-2.0
// What is left to do once a job has ended: enter it again, take its switch off, clean up after it.
#include "job/following.hpp"

namespace vmc::job {

namespace {

constexpr Duration look_at_end_each = std::chrono::seconds(1);
constexpr Duration confirmed_within = std::chrono::seconds(60);
constexpr Duration cleanup_within = std::chrono::minutes(5);
constexpr Duration resume_within = std::chrono::minutes(2);

}  // namespace

/// A file system may have a file's length and not yet its last bytes: they are NUL after a crash.
void Following::note_blank_ends() {
    if (result_.status.state != JobState::interrupted) return;
    const auto note = [&](const model::JobPosition& position, const char* name) {
        const auto blank = position.blank_end();
        if (blank == 0) return;
        watcher_.says("the last " + std::to_string(blank) + " bytes of " + name + " of the job, from byte " +
                      std::to_string(position.offset() - blank) +
                      " on, are NUL: the VM died before what stood there was on its disk");
    };
    note(from_.out, "stdout");
    note(from_.err, "stderr");
}

Async<bool> Following::go_on_after_reboot() {
    auto& status = result_.status;
    if (status.state != JobState::interrupted || status.on_reboot == OnReboot::fail) co_return false;
    if (status.reboots >= status.max_reboots) {
        status.why += "; it has been entered again " + std::to_string(status.reboots) + " times, as often as allowed";
        co_return false;
    }
    note_blank_ends();
    watcher_.says("the VM rebooted under the job; it is entered again (reboot " + std::to_string(status.reboots + 1) +
                  " of at most " + std::to_string(status.max_reboots) + ")");
    auto resumed = co_await jobs_.resume(status, directory_, jobs_.ports().clock.now() + resume_within);
    if (!resumed) {
        failed_with(resumed.error());
        status.why += "; it could not be entered again: " + resumed.error().message();
    }
    co_return resumed.has_value();
}

/// Whoever sees the end of a job with a switch has reached the VM after it: that is what the switch waits
/// for, once it is said over a new connection. False: look again.
Async<bool> Following::confirm() {
    if (result_.status.revert == "reverting") {
        co_await jobs_.ports().clock.sleep_until(jobs_.ports().clock.now() + look_at_end_each);
        co_return false;
    }
    if (result_.status.revert != "armed") co_return true;
    const Instant now = jobs_.ports().clock.now();
    NamedJob job(id_, directory_);
    auto confirmed = co_await jobs_.confirm(std::move(job), now + confirmed_within);
    if (!confirmed) {
        // The way in may be what the command broke: the switch decides, and we look what it decided.
        co_await jobs_.ports().clock.sleep_until(jobs_.ports().clock.now() + look_at_end_each);
        co_return false;
    }
    if (*confirmed) {
        result_.status.revert = "confirmed";
        watcher_.knows(result_.status);
    }
    co_return *confirmed;
}

/// What the job did not live to run itself. Whoever comes next does, once, and says so.
Async<void> Following::clean_up() {
    auto& status = result_.status;
    if (!status.cleanup_pending) co_return;
    NamedJob job(id_, directory_);
    auto done = co_await jobs_.clean_up(std::move(job), jobs_.ports().clock.now() + cleanup_within);
    status.cleanup_pending = !done;
    watcher_.says(done ? "the job did not live to run its cleanup: it has been run now"
                       : "the job's cleanup has not been seen to end: " + done.error().message());
}

}  // namespace vmc::job
