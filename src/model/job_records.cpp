// SPDX-License-Identifier: Apache-2.0
#include "model/job_records.hpp"

#include <algorithm>
#include <optional>

#include "model/job_script.hpp"
#include "model/job_text.hpp"
#include "model/key_values.hpp"
#include "model/record_name.hpp"

namespace vmc::model {

namespace {

using Values = JobAnswer::Values;

std::string_view find(const Values& values, std::string_view key) {
    const auto found = values.find(key);
    return found == values.end() ? std::string_view{} : found->second;
}

/// `key=value` lines; a line `job=…` begins the values of another job.
void read_lines(std::string_view text, JobAnswer& answer) {
    Values* into = &answer.vm;
    while (!text.empty()) {
        const auto end = text.find('\n');
        const auto line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        const auto equals = line.find('=');
        if (equals == std::string_view::npos) continue;
        const auto key = line.substr(0, equals);
        if (key == "job") into = &answer.jobs.emplace_back();
        into->emplace(key, line.substr(equals + 1));
    }
}

std::optional<WallTime> wall_time(std::string_view seconds) {
    const auto whole = whole_number<std::int64_t>(seconds);
    if (!whole || *whole > last_millisecond / 1000) return std::nullopt;
    return WallTime(std::chrono::seconds(*whole));
}

/// "sequence boot-id boottime realtime"
std::optional<WallTime> beat_time(std::string_view beat) {
    const auto last = beat.rfind(' ');
    return last == std::string_view::npos ? std::nullopt : wall_time(beat.substr(last + 1));
}

Known known(std::string_view word) {
    if (word == "yes") return Known::yes;
    return word == "no" ? Known::no : Known::unknown;
}

class Reading {
public:
    Reading(const JobAnswer& answer, const Values& job, std::string_view incarnation)
        : job_(job), boot_now_(answer.value("boot")), incarnation_(incarnation) {}

    JobStatus status() {
        status_.id = find(job_, "job");
        status_.cause = "none";
        if (auto why = why_no_job(job_); !why.empty()) return say(JobState::unknown, std::move(why));
        request();
        start();
        status_.stdout_bytes = whole_number<std::uint64_t>(find(job_, "out_size")).value_or(0);
        status_.stderr_bytes = whole_number<std::uint64_t>(find(job_, "err_size")).value_or(0);
        if (find(job_, "result.written") == "yes" && !result_is_old()) result();
        else without_result();
        for (const char* mark : {"armed", "confirmed", "reverting", "reverted"})
            if (!find(job_, mark).empty()) status_.revert = mark;
        disk_full();
        if (!find(job_, "unkept").empty()) {
            status_.output_kept = false;
            add("the disk failed when its result was written, and may not keep it");
        }
        // A supervisor that has written a result runs it by itself, unless the VM went down over it.
        const bool left_alone = find(job_, "result.written") != "yes" || other_life();
        status_.cleanup_pending = status_.ended() && left_alone && !find(job_, "cleanup-wanted").empty();
        return status_;
    }

private:
    JobStatus& say(JobState state, std::string why) {
        status_.state = state;
        status_.why = std::move(why);
        return status_;
    }

    void request() {
        status_.name = find(job_, "request.name");
        status_.command = from_value(find(job_, "request.command"));
        const auto on_reboot = find(job_, "request.on_reboot");
        if (on_reboot == "rerun") status_.on_reboot = OnReboot::rerun;
        if (on_reboot == "resume") status_.on_reboot = OnReboot::resume;
        status_.max_reboots = whole_number<int>(find(job_, "request.max_reboots")).value_or(0);
    }

    void start() {
        status_.boot_id = find(job_, "start.boot");
        status_.started_at = wall_time(find(job_, "start.wall"));
        status_.last_beat = beat_time(find(job_, "beat"));
        status_.reboots = whole_number<int>(find(job_, "attempts")).value_or(1) - 1;
    }

    [[nodiscard]] bool other_life() const {
        if (!boot_now_.empty() && !status_.boot_id.empty() && boot_now_ != status_.boot_id) return true;
        const auto before = find(job_, "start.incarnation");
        return !incarnation_.empty() && !before.empty() && before != incarnation_;
    }

    void result() {
        const auto word = [&](std::string_view key) { return find(job_, "result." + std::string(key)); };
        const auto code = whole_number<int>(word("code"));
        const auto why = word("why");
        // An attempt may have begun and ended while its job was being read.
        if (const auto attempt = whole_number<int>(word("attempt")).value_or(0); attempt > status_.reboots) {
            status_.reboots = attempt;
            status_.boot_id = word("boot");
        }
        status_.ended_at = wall_time(word("wall"));
        status_.killed = known(word("killed"));
        status_.escaped = whole_number<int>(word("escaped")).value_or(0);
        status_.output_kept = word("durability") != "lost";
        shortened(word("out_bytes"), word("err_bytes"));
        if (!code) {
            say(JobState::unknown, "its record says nothing of how it ended");
            return;
        }
        if (!why.empty()) return ended_by_us(why);
        const auto signal = word("signal");
        const bool signalled = word("state") == "signalled";
        status_.state = signalled ? JobState::signalled : JobState::exited;
        if (!signalled) status_.exit_code = code;
        if (!signal.empty()) status_.signal = std::string(signal);
        // What a shutdown ended has not come to its end by itself.
        if (word("during_shutdown") == "yes" && other_life()) {
            status_.cause = "shutting-down";
            say(JobState::interrupted, "the VM was shutting down");
        }
    }

    void ended_by_us(std::string_view why) {
        if (why == "timeout") say(JobState::timed_out, "its time was up");
        else if (why == "cancelled") say(JobState::cancelled, "cancelled");
        else {
            status_.cause = why;
            say(JobState::killed, "ended: its output grew beyond the limit");
        }
        if (status_.killed == Known::no) status_.why += "; something of it still runs on the VM";
    }

    /// Of both streams, less is there than was when the result was written.
    void shortened(std::string_view out, std::string_view err) {
        const auto gone = [](std::optional<std::uint64_t> was, std::uint64_t is) {
            return was && *was > is ? *was - is : 0;
        };
        const auto missing = gone(whole_number<std::uint64_t>(out), status_.stdout_bytes) +
                             gone(whole_number<std::uint64_t>(err), status_.stderr_bytes);
        if (missing == 0) return;
        status_.output_kept = false;
        status_.why = std::to_string(missing) + " bytes of its output are gone from the VM";
    }

    /// What the command could not write is nowhere: not even its length is known.
    void disk_full() {
        if (find(job_, "full").empty() && find(job_, "result.full").empty()) return;
        status_.output_kept = false;
        if (status_.cause == "none") status_.cause = "disk-full";
        add("the disk was full while it ran, and its output may not be whole");
    }

    void add(std::string_view why) {
        if (!status_.why.empty()) status_.why += "; ";
        status_.why += why;
    }

    void without_result() {
        const bool begun = !find(job_, "start.boot").empty() || !find(job_, "start.up").empty() ||
                           !find(job_, "start.supervisor").empty();
        if (!begun && status_.reboots > 0) return entering_again();
        const bool held = find(job_, "held") == "yes";
        const bool going = !find(job_, "going").empty();
        if (!find(job_, "buried").empty() || (!find(job_, "grave").empty() && !going)) {
            say(JobState::refused, "it was given up before it started, and never runs");
        } else if (held && begun) {
            status_.state = JobState::running;
        } else if (!begun) {
            const auto boot = find(job_, "request.boot");
            const bool rebooted = !boot.empty() && !boot_now_.empty() && boot != boot_now_;
            if (rebooted) say(JobState::refused, "the VM rebooted before it started, and it never runs");
            else status_.state = JobState::submitted;
        } else if (other_life()) {
            status_.cause = "none";
            say(JobState::interrupted, "the VM rebooted under it");
            status_.ended_at = status_.last_beat;
        } else if (boot_now_.empty()) {
            say(JobState::unknown, "its supervisor is gone, and the VM does not say whether it rebooted");
        } else {
            say(JobState::killed, "its supervisor is gone without having written how it ended");
            status_.ended_at = status_.last_beat;
        }
    }

    /// Claimed to go on after a reboot, and not begun: either somebody is about to begin it, or it came to nothing.
    void entering_again() {
        const auto claimed = find(job_, "claimed");
        const bool nothing = !find(job_, "buried").empty() || claimed.empty() || claimed != boot_now_;
        if (nothing) say(JobState::interrupted, "the VM rebooted under it, and it was not entered again");
        else status_.state = JobState::submitted;
    }

    /// That of an attempt before the last: the shutdown which ended it is over.
    [[nodiscard]] bool result_is_old() const {
        const auto attempt = whole_number<int>(find(job_, "result.attempt"));
        return attempt && *attempt < status_.reboots;
    }

    const Values& job_;
    std::string_view boot_now_;
    std::string_view incarnation_;
    JobStatus status_;
};

}  // namespace

std::string why_no_job(const JobAnswer::Values& job) {
    if (!find(job, "absent").empty()) return "there is no such job on the VM";
    if (const auto foreign = find(job, "foreign"); !foreign.empty()) return std::string(foreign);
    // Of a removed job its grave is left, so that its id is taken.
    const bool only_a_grave = !find(job, "grave").empty() && std::ranges::none_of(job, [](const auto& one) {
        return one.first.starts_with("request.") || one.first.starts_with("start.") || one.first == "going" ||
               one.first == "ready" || one.first == "buried" || one.first == "open";
    });
    return only_a_grave ? "there is no such job on the VM: it was removed, or never began" : "";
}

std::string_view JobAnswer::value(std::string_view key) const { return find(vm, key); }

Result<JobAnswer> JobAnswer::parse(std::string_view printed, std::string_view nonce) {
    const auto broke_off = [&] { return failed(Code::protocol, Stage::command, "the answer about a job broke off"); };
    const std::string mark(nonce);
    JobAnswer answer;
    const std::string data = "\nvmc-data-" + mark + "\n", end = "\nvmc-end-" + mark + "\n",
                      begin = "\nvmc-begin-" + mark + "\n";
    const auto began = printed.find(begin);
    const auto divided = printed.find(data);
    if (began == std::string_view::npos || divided == std::string_view::npos || divided < began) {
        const auto text = answer_of(printed, nonce);
        if (!text) return std::unexpected(text.error());
        read_lines(*text, answer);
        return answer;
    }
    const auto head = began + begin.size();
    read_lines(printed.substr(head, divided + 1 - head), answer);
    const auto job = answer.jobs.empty() ? Values{} : answer.jobs.back();
    const auto out = whole_number<std::size_t>(find(job, "out_bytes"));
    const auto err = whole_number<std::size_t>(find(job, "err_bytes"));
    const auto bytes = printed.substr(divided + data.size());
    if (!out || !err || *out > bytes.size() || *err > bytes.size() - *out) return broke_off();
    if (!bytes.substr(*out + *err).starts_with(end)) return broke_off();
    answer.out = bytes.substr(0, *out);
    answer.err = bytes.substr(*out, *err);
    return answer;
}

JobStatus job_status(const JobAnswer& answer, const JobAnswer::Values& job, std::string_view incarnation) {
    return Reading(answer, job, incarnation).status();
}

}  // namespace vmc::model
