// SPDX-License-Identifier: Apache-2.0
#include "model/job_beat.hpp"

#include <string>

#include <doctest/doctest.h>

#include "unit/property.hpp"

using namespace vmc;
using namespace vmc::model;

namespace {

const std::string nonce = "0123456789abcdef";
const std::string boot = "11111111-1111-4111-8111-111111111111";
constexpr WallTime noon{std::chrono::seconds(43200)};

std::string beat_at(int seconds) { return "\x1evmc-beat-" + nonce + " " + boot + " " + std::to_string(seconds) + "\n"; }

/// As a job's records have it after a power cut, with the last beat that they kept.
JobStatus interrupted(std::optional<WallTime> kept) {
    JobStatus status;
    status.state = JobState::interrupted;
    status.boot_id = boot;
    status.why = "the VM rebooted under it";
    status.last_beat = kept;
    status.ended_at = kept;
    return status;
}

const JobBeat heard{boot, noon};

}  // namespace

TEST_CASE("beats anywhere between a job's bytes, cut anywhere, leave exactly the job's bytes") {
    always([] {
        // Mostly of what a beat is made of, so that the job's own bytes look like one.
        const auto letter =
            rc::gen::element<std::string>("\x1e", "\x1evmc-beat-", "\x1evmc-beat-0123 ", "\n", "x", " 7");
        const auto words = *rc::gen::container<std::vector<std::string>>(letter);
        std::string jobs, sent;
        int last = 0;
        for (const auto& word : words) {
            jobs += word;
            // A beat comes between two bytes, also in the middle of a word.
            const auto cut = *rc::gen::inRange<std::size_t>(0, word.size() + 1);
            sent += word.substr(0, cut);
            if (*rc::gen::arbitrary<bool>()) sent += beat_at(++last);
            sent += word.substr(cut);
        }
        sent += beat_at(++last);
        BeatSieve sieve(nonce);
        std::string got;
        std::optional<JobBeat> seen;
        for (std::size_t at = 0; at < sent.size();) {
            const auto piece = *rc::gen::inRange<std::size_t>(1, 40);
            got += sieve.take(sent.substr(at, piece));
            if (auto beat = sieve.beat()) seen = beat;
            at += piece;
        }
        RC_ASSERT(got == jobs);
        RC_ASSERT((seen && seen->boot_id == boot && seen->at == WallTime(std::chrono::seconds(last))));
    });
}

TEST_CASE("the beginning of a beat is never taken for the job's when the connection breaks there") {
    const std::string sent = "abc" + beat_at(5);
    for (std::size_t cut = 3; cut < sent.size(); ++cut) {
        BeatSieve sieve(nonce);
        CHECK(sieve.take(sent.substr(0, cut)) == "abc");
        CHECK_FALSE(sieve.beat());
    }
}

TEST_CASE("what has another nonce, or no end, is the job's") {
    BeatSieve sieve(nonce);
    const std::string other = "\x1evmc-beat-ffffffffffffffff " + boot + " 5\n";
    CHECK(sieve.take(other) == other);
    const std::string endless = "\x1evmc-beat-" + nonce + " " + std::string(1000, 'x');
    CHECK(sieve.take(endless) == endless);
    CHECK_FALSE(sieve.beat());
}

TEST_CASE("a beat that says no time is dropped") {
    BeatSieve sieve(nonce);
    CHECK(sieve.take("a\x1evmc-beat-" + nonce + " " + boot + " soon\nb") == "ab");
    CHECK(sieve.take("\x1evmc-beat-" + nonce + " \nc") == "c");
    CHECK_FALSE(sieve.beat());
}

TEST_CASE("of a job that a reboot interrupted the later of two heartbeats counts, and it is said which") {
    auto status = interrupted(noon - std::chrono::seconds(8));
    heard.correct(status);
    CHECK(status.ended_at == noon);
    CHECK(status.last_beat == noon);
    CHECK(status.beat_heard);
    CHECK(status.why ==
          "the VM rebooted under it; its last heartbeat was heard here, 8.0 s after the last one on its disk");

    auto nothing_kept = interrupted(std::nullopt);
    heard.correct(nothing_kept);
    CHECK(nothing_kept.ended_at == noon);
    CHECK(nothing_kept.why == "the VM rebooted under it; its last heartbeat was heard here");

    auto kept = interrupted(noon + std::chrono::seconds(1));
    heard.correct(kept);
    CHECK(kept.ended_at == noon + std::chrono::seconds(1));
    CHECK_FALSE(kept.beat_heard);
    CHECK(kept.why == "the VM rebooted under it");
}

TEST_CASE("a beat says nothing of another boot, of a job that came to its end, or of a shutdown that wrote it down") {
    auto later = interrupted(std::nullopt);
    later.boot_id = "another";
    heard.correct(later);
    CHECK_FALSE(later.ended_at);

    JobStatus ended;
    ended.state = JobState::exited;
    ended.boot_id = boot;
    heard.correct(ended);
    CHECK_FALSE(ended.ended_at);

    auto written = interrupted(std::nullopt);
    written.ended_at = noon - std::chrono::seconds(1);
    heard.correct(written);
    CHECK(written.ended_at == noon - std::chrono::seconds(1));
}
