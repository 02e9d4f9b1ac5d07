// SPDX-License-Identifier: Apache-2.0
// Stories told to the watch in virtual time, with a peer and a TCP that behave as measured.
#include "model/liveness.hpp"

#include <algorithm>
#include <functional>

#include <doctest/doctest.h>

#include "unit/property.hpp"

using namespace vmc;
using namespace vmc::model;
using namespace std::chrono_literals;

namespace {

constexpr Instant at(Duration since_start) { return Instant(since_start); }

/// A session over a path that can be cut, to a peer that can be stuck.
struct Story {
    Duration round_trip = 20ms;
    Duration stream_every = 0ns;            ///< one packet of output each; 0: none
    std::uint64_t packet = 1024;
    Instant stream_ends = never;
    Instant cut = never, healed = never;    ///< both ways
    Instant stuck = never;                  ///< acknowledges, never answers
    bool tcp = true;
    std::function<bool(Instant)> paused = [](Instant) { return false; };

    // What happens.
    Instant last_received{};
    std::uint64_t bytes = 0;
    std::optional<Instant> sent, answer_due;
    int keepalives = 0;
    std::optional<Instant> suspected;
    Liveness first_suspicion = Liveness::fine;

    [[nodiscard]] bool is_cut(Instant t) const { return t >= cut && t < healed; }

    PathSigns path(Instant now) const {
        if (!sent || !is_cut(now)) return {};
        const Duration rto = 200ms + round_trip;  // Linux: srtt + max(200 ms, 4 * rttvar)
        std::uint32_t timeouts = 0;
        for (Duration passed = rto; *sent + passed <= now; passed = passed * 2 + rto) ++timeouts;
        return {1, timeouts};
    }

    void receive(Instant now) {
        if (sent && !is_cut(now) && !is_cut(*sent) && now >= *sent + round_trip) sent.reset();  // acknowledged
        if (paused(now)) return;
        if (stream_every > 0ns && now < stream_ends && !is_cut(now) && now.time_since_epoch() % stream_every == 0ns) {
            last_received = now;
            bytes += packet;
        }
        if (answer_due && now >= *answer_due && !is_cut(now) && now < stuck) {
            last_received = now;
            bytes += 60;
            answer_due.reset();
        }
    }

    void tell(Duration length) {
        LivenessWatch watch(at(0s));
        Instant look = at(0s);
        for (Instant now = at(0s); now < at(length); now += 10ms) {
            receive(now);
            if (now < look) continue;
            Signs signs{now, last_received, bytes, paused(now), std::nullopt};
            if (tcp) signs.path = path(now);
            const Judgement judged = watch.look(signs);
            CHECK(judged.look_again >= now);
            look = judged.look_again;
            if (judged.state == Liveness::send_keepalive) {
                ++keepalives;
                if (!sent) sent = now;
                if (!answer_due) answer_due = now + round_trip;
            }
            if (is_suspect(judged.state) && !suspected) {
                suspected = now;
                first_suspicion = judged.state;
            }
        }
    }
};

}  // namespace

TEST_CASE("an idle link that answers is never suspect and costs one keepalive in three seconds") {
    Story story;
    story.tell(300s);
    CHECK_FALSE(story.suspected);
    CHECK(story.keepalives <= 100);
    CHECK(story.keepalives >= 95);
}

TEST_CASE("a command that is quiet for a while does not make its link suspect") {
    Story story;  // output, then `sleep 30`, on a path of 800 ms
    story.round_trip = 800ms;
    story.stream_every = 50ms;
    story.stream_ends = at(10s);
    story.tell(40s);
    CHECK_FALSE(story.suspected);
}

TEST_CASE("a stream that stops costs at most four early keepalives") {
    Story with, without;
    with.stream_every = 10ms;
    with.stream_ends = at(30s);
    with.tell(60s);
    without.tell(30s);
    CHECK(with.keepalives <= without.keepalives + 4);
}

TEST_CASE("a path cut while output streams is suspected within four seconds of the cut") {
    for (const Duration round_trip : {10ms, 50ms, 200ms})
        for (const Duration every : {10ms, 50ms, 200ms, 500ms})
            for (Duration cut = 5s; cut < 9s; cut += 130ms) {
                Story story;
                story.round_trip = round_trip;
                story.stream_every = every;
                story.cut = at(cut);
                story.tell(cut + 15s);
                REQUIRE(story.suspected);
                CAPTURE(round_trip.count());
                CAPTURE(every.count());
                CHECK(*story.suspected - story.cut <= 4s);
                CHECK(story.first_suspicion == Liveness::suspect_path);
            }
}

TEST_CASE("a path cut while idle is suspected within five seconds, and within ten where TCP says nothing") {
    for (const bool tcp : {true, false})
        for (Duration cut = 1s; cut < 8s; cut += 170ms) {
            Story story;
            story.tcp = tcp;
            story.cut = at(cut);
            story.tell(cut + 20s);
            REQUIRE(story.suspected);
            CHECK(*story.suspected - story.cut <= (tcp ? 5s : 10s));
            CHECK(story.first_suspicion == (tcp ? Liveness::suspect_path : Liveness::suspect));
        }
}

TEST_CASE("a peer that acknowledges and never answers is suspected for itself, not for its path") {
    Story story;
    story.stuck = at(20s);
    story.tell(40s);
    REQUIRE(story.suspected);
    CHECK(*story.suspected - story.stuck <= 10s);
    CHECK(story.first_suspicion == Liveness::suspect_peer);
}

TEST_CASE("silence while we do not read proves nothing") {
    Story story;
    story.stream_every = 10ms;
    story.paused = [](Instant t) { return t >= at(5s) && t < at(200s); };
    story.tell(230s);
    CHECK_FALSE(story.suspected);
}

TEST_CASE("a path cut while we do not read is still seen, by TCP alone") {
    Story story;
    story.stream_every = 10ms;
    story.paused = [](Instant t) { return t >= at(5s); };
    story.cut = at(60s);
    story.tell(100s);
    REQUIRE(story.suspected);
    CHECK(*story.suspected - story.cut <= 13s);
    CHECK(story.first_suspicion == Liveness::suspect_path);
}

TEST_CASE("when we were away ourselves, nobody is suspected for it") {
    LivenessWatch watch(at(0s));
    const auto look = [&](Duration when) { return watch.look({at(when), at(0s), 0, false, std::nullopt}); };
    CHECK(look(3s).state == Liveness::send_keepalive);
    CHECK(look(6s).state == Liveness::send_keepalive);
    CHECK(look(3600s).state == Liveness::fine);
    CHECK(look(3603s).state == Liveness::send_keepalive);
    CHECK(look(3606s).state == Liveness::send_keepalive);
    CHECK(look(3609s).state == Liveness::suspect);
    CHECK(look(3609s).quiet_for == 3609s);
}

TEST_CASE("an answer ends the suspicion") {
    LivenessWatch watch(at(0s));
    for (Duration when = 0s; when < 9s; when += 250ms)
        CHECK_FALSE(is_suspect(watch.look({at(when), at(0s), 0, false, PathSigns{}}).state));
    CHECK(watch.look({at(9s), at(0s), 0, false, PathSigns{}}).state == Liveness::suspect_peer);
    CHECK(watch.look({at(10s), at(9900ms), 60, false, PathSigns{}}).state == Liveness::fine);
}

TEST_CASE("whatever the round trip below two seconds, a peer that answers is never suspect") {
    always([] {
        Story story;
        story.round_trip = std::chrono::milliseconds(*rc::gen::inRange(1, 1900));
        story.stream_every = std::chrono::milliseconds(*rc::gen::inRange(0, 30) * 10);
        story.stream_ends = at(std::chrono::seconds(*rc::gen::inRange(1, 30)));
        story.tcp = *rc::gen::arbitrary<bool>();
        story.tell(40s);
        RC_ASSERT(!story.suspected);
    });
}
