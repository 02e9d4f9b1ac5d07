// SPDX-License-Identifier: Apache-2.0
#include "model/boot_story.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>

#include "base/span.hpp"
#include "model/wtmp.hpp"

namespace vmc::model {
namespace {

using namespace std::chrono_literals;

// Records have whole seconds, and what was read may have been on its way for a moment.
constexpr auto slack = std::chrono::milliseconds(2000);

bool changed(const std::string& was, const std::string& is) { return !was.empty() && !is.empty() && was != is; }

/// How far the VM's clock is ahead of ours; zero where that cannot be told from the time the answer took.
std::chrono::milliseconds ahead(const BootClues& clues, AskedBetween asked) {
    if (!clues.clock) return {};
    const auto least = *clues.clock - asked.answered;       // it was read after we sent …
    const auto greatest = *clues.clock + 1s - asked.sent;   // … and its seconds are rounded down
    if (least > 0ms) return least;
    return greatest < 0ms ? greatest : 0ms;
}

class Teller {
public:
    Teller(const BootRecord& before, const BootRecord& now) : story_(before, now) {
        story_.change = compare(before, now);
        tell_change();
    }

    void ask(const BootClues& clues, AskedBetween asked, WallTime last_heartbeat) {
        ahead_ = ahead(clues, asked);
        if (std::chrono::abs(ahead_) > slack)
            clue("note", "clock",
                 "its clock is " + spoken(std::chrono::abs(ahead_)) +
                     (ahead_ > 0ms ? " ahead of ours" : " behind ours"));
        if (!comes_from_now(clues)) return;
        know_by_journal(clues);
        if (story_.change != BootChange::reboot) return;
        count(clues);
        if (!crashed(clues) && !shut_down(clues)) not_shut_down(clues);
        last_signs(clues, last_heartbeat);
        if (!story_.boots) clue("note", "vm", "it has no record of its boots that reaches back and may be read");
    }

    BootStory tell() && {
        if (story_.change == BootChange::reboot) name_it();
        return std::move(story_);
    }

private:
    void clue(std::string tells, std::string source, std::string text) {
        story_.evidence.push_back({std::move(tells), std::move(source), std::move(text)});
    }
    [[nodiscard]] WallTime ours(WallTime theirs) const { return theirs - ahead_; }
    /// After what we saw, and before what we see.
    [[nodiscard]] bool between(WallTime at) const {
        return story_.before.read_at > WallTime{} && at + slack >= story_.before.read_at &&
               at <= story_.now.read_at + slack;
    }

    void tell_change() {
        const auto& [was, is] = std::tie(story_.before, story_.now);
        if (was.boot_id != is.boot_id) {
            clue("change", "boot-id", "boot id was " + was.boot_id.text() + ", is " + is.boot_id.text());
        } else if (story_.change == BootChange::pause) {
            clue("change", "uptime",
                 "same boot id, and its time advanced " + spoken(is.uptime - was.uptime) + " in " +
                     spoken(is.read_at - was.read_at) +
                     ": paused or migrated, or put back to an earlier state and run on since");
        } else if (story_.change == BootChange::snapshot_revert) {
            clue("change", "uptime",
                 "same boot id, and its uptime went back from " + spoken(was.uptime) + " to " + spoken(is.uptime));
        } else if (story_.change == BootChange::soft_reboot) {
            clue("change", "boot-id", "same boot id; user space was " + was.incarnation + ", is " + is.incarnation);
        }
        tell_identity();
        const auto set_by = is.booted_at - was.booted_at;
        const bool timed = was.booted_at > WallTime{} && is.booted_at > WallTime{};
        if (was.boot_id == is.boot_id && timed && std::chrono::abs(set_by) > slack)
            clue("note", "clock",
                 "its clock was set " + spoken(std::chrono::abs(set_by)) + (set_by > 0ms ? " forward" : " back"));
        if (story_.change == BootChange::reboot) returned();
    }

    void tell_identity() {
        const Identity &was = story_.before.identity, &is = story_.now.identity;
        if (changed(was.machine_id, is.machine_id))
            clue("note", "identity",
                 "the machine-id was " + was.machine_id + ", is " + is.machine_id +
                     (was.host_key == is.host_key ? "; the host key is the same" : ""));
        if (changed(was.product_uuid, is.product_uuid))
            clue("note", "identity", "the hardware's uuid was " + was.product_uuid + ", is " + is.product_uuid);
        if (changed(was.host_key, is.host_key)) clue("note", "identity", "the host key is another one");
    }

    /// By our clock alone. In a container the uptime is that of the machine around it.
    void returned() {
        const BootRecord& is = story_.now;
        if (is.uptime <= Duration{}) return;
        using std::chrono::milliseconds, std::chrono::duration_cast;
        const WallTime kernel = is.read_at - duration_cast<milliseconds>(is.uptime);
        if (between(kernel)) {
            story_.returned_at = kernel;
            clue("returned_at", "uptime", "its kernel has been up for " + spoken(is.uptime));
        } else if (const auto pid1 = pid1_after_kernel(is); pid1 && between(kernel + *pid1)) {
            story_.returned_at = kernel + *pid1;
            clue("returned_at", "uptime", "its process 1 has been up for " + spoken(is.uptime - *pid1));
        }
    }

    /// An identity that answers A, then B, then A is two machines, or one that is put back and forth.
    bool comes_from_now(const BootClues& clues) {
        if (!clues.boot_id) {
            clue("note", "vm", "what it tells of its boots does not say which one it is in");
            return false;
        }
        if (*clues.boot_id == story_.now.boot_id) return true;
        const bool flaps = *clues.boot_id == story_.before.boot_id;
        if (flaps) {
            story_.change = BootChange::ambiguous;
            story_.returned_at.reset();
        }
        clue(flaps ? "change" : "note", "boot-id", "a moment later boot " + clues.boot_id->text() + " answered");
        return false;
    }

    /// Another machine would not have written down the boot that we recorded.
    void know_by_journal(const BootClues& clues) {
        const Identity &was = story_.before.identity, &is = story_.now.identity;
        const bool same_key = !was.host_key.empty() && was.host_key == is.host_key;
        if (story_.change != BootChange::ambiguous || !same_key || !lives_since(clues)) return;
        story_.change = BootChange::reboot;
        clue("change", "journal", "its journal knows the boot that was recorded: it is the same machine");
        returned();
    }

    [[nodiscard]] std::optional<int> lives_since(const BootClues& clues) const {
        const auto was = std::ranges::find(clues.boots, story_.before.boot_id);
        const auto is = std::ranges::find(clues.boots, story_.now.boot_id);
        if (was == clues.boots.end() || is == clues.boots.end() || is <= was) return std::nullopt;
        return static_cast<int>(is - was);
    }

    [[nodiscard]] std::vector<WtmpRecord> records_since(const BootClues& clues) const {
        return since_reading(clues.wtmp, story_.before, ahead_);
    }

    void count(const BootClues& clues) {
        if (const auto lives = lives_since(clues)) {
            story_.boots = *lives;
            clue("boots", "journal", "its journal has " + std::to_string(*lives) + " since the one recorded");
        }
        const bool reaches_back = clues.wtmp_begins && ours(*clues.wtmp_begins) <= story_.before.read_at &&
                                  (clues.wtmp.size() < 64 || ours(clues.wtmp.back().at) <= story_.before.read_at);
        const auto lives = static_cast<int>(std::ranges::count(records_since(clues), "reboot", &WtmpRecord::kind));
        if (!reaches_back || lives == 0) return;
        clue("boots", "wtmp", "wtmp has " + std::to_string(lives) + " since the one recorded");
        story_.boots = std::max(story_.boots.value_or(0), lives);
    }

    /// The record of a panic, or else a bare dump, from between the readings: the latest.
    [[nodiscard]] std::optional<Panic> panic_since(const BootClues& clues) const {
        std::optional<Panic> found;
        const auto weight = [](const Panic& panic) { return std::pair(!panic.said.text.empty(), panic.said.at); };
        for (const Panic& panic : clues.panics)
            if (between(ours(panic.said.at)) && !is_older(panic) && (!found || weight(*found) < weight(panic)))
                found = panic;
        return found;
    }

    /// The record of a crash is often put away by the boot after it, in its first minute: where that is the boot that
    /// was recorded, it is that one's past.
    [[nodiscard]] bool is_older(const Panic& panic) const {
        const WallTime at = ours(panic.said.at);
        const auto start = begun_at(story_.before);
        return start && at < *start + 60s && at < story_.before.read_at + 1s;
    }

    /// True when the boot that was recorded ended so: one that was shut down left it to a later one to crash.
    bool crashed(const BootClues& clues) {
        const auto panic = panic_since(clues);
        if (!panic) return false;
        const std::string& words = panic->said.text;
        panicked_ = true;
        story_.cause = words;
        clue("change", panic->source, words.empty() ? "the dump of a kernel was kept" : words);
        if (!words.empty()) clue("cause", panic->source, words);
        if (story_.boots != 1 && clues.target && between(ours(clues.target->at))) return false;
        story_.ended = BootEnding::crash;
        clue("ended", panic->source, "it left the record of a crash");
        // What was moved after the boot has the date of that.
        if (story_.boots == 1) sign(ours(panic->said.at), panic->source);
        return true;
    }

    bool shut_down(const BootClues& clues) {
        if (clues.target && between(ours(clues.target->at))) {
            story_.ended = BootEnding::orderly;
            kexec_ = clues.target->text.find("kexec") != std::string::npos;
            clue("ended", "journal", clues.target->text);
            sign(ours(clues.target->at), "journal");
            return true;
        }
        // The first since: of the boot that was recorded, or of a later one whose reboot stands before.
        const auto since = records_since(clues);
        if (since.empty() || since.front().kind != "shutdown" || !between(ours(since.front().at))) return false;
        story_.ended = BootEnding::orderly;
        clue("ended", "wtmp", "wtmp has a shutdown");
        sign(ours(since.front().at), "wtmp");
        return true;
    }

    void not_shut_down(const BootClues& clues) {
        const bool recovered = clues.recovery && story_.returned_at && between(ours(clues.recovery->at)) &&
                               ours(clues.recovery->at) - *story_.returned_at < 60s;
        if (recovered && story_.boots == 1) {
            story_.ended = BootEnding::unclean;
            clue("ended", "kernel-log", clues.recovery->text);
        } else if (clues.last_line) {
            clue("note", "journal", "its journal of that boot stops without a shutdown");
        }
    }

    void last_signs(const BootClues& clues, WallTime last_heartbeat) {
        if (clues.last_line) sign(ours(clues.last_line->at), "journal");
        if (last_heartbeat > WallTime{}) sign(ours(last_heartbeat), "heartbeat");
        for (const Beat& beat : clues.beats)
            if (beat.boot == story_.before.boot_id) sign(ours(beat.at), "heartbeat");
        if (story_.died_at) clue("died_at", died_by_, "the last sign of life of the boot that was recorded");
        if (story_.boots == 1 && story_.died_at && story_.returned_at)
            story_.down = *story_.returned_at - *story_.died_at;
    }

    /// The boot that was recorded was alive then.
    void sign(WallTime at, const std::string& source) {
        if (!between(at) || (story_.returned_at && at > *story_.returned_at)) return;
        if (story_.died_at && *story_.died_at >= at) return;
        story_.died_at = at;
        died_by_ = source;
    }

    void name_it() {
        if (panicked_) story_.change = BootChange::crash_reboot;
        else if (story_.boots != 1) story_.change = BootChange::reboot_at_least_once;
        else if (kexec_) story_.change = BootChange::kexec;
    }

    BootStory story_;
    std::chrono::milliseconds ahead_{};
    std::string died_by_;
    bool kexec_ = false;
    bool panicked_ = false;
};

}  // namespace

BootStory boot_story(const BootRecord& before, const BootRecord& now) { return Teller(before, now).tell(); }

BootStory boot_story(const BootRecord& before, const BootRecord& now, const BootClues& clues, AskedBetween asked,
                     WallTime last_heartbeat) {
    Teller teller(before, now);
    teller.ask(clues, asked, last_heartbeat);
    return std::move(teller).tell();
}

BootChange BootsSeen::see(const BootRecord& record) {
    auto change = BootChange::unknown;
    if (last_) {
        change = compare(*last_, record);
        if (change == BootChange::reboot) {
            if (std::ranges::find(earlier_, record.boot_id) != earlier_.end()) change = BootChange::ambiguous;
            if (earlier_.size() == most) earlier_.erase(earlier_.begin());
            earlier_.push_back(last_->boot_id);
        }
    }
    last_ = record;
    return change;
}

}  // namespace vmc::model
