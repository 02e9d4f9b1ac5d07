// SPDX-License-Identifier: Apache-2.0
// What a power switch says unasked, while somebody climbs.
#include <doctest/doctest.h>

#include "lost.hpp"

namespace vmc::test {

TEST_CASE("what its switch says by itself is heard at once, and not at the next look") {
    bool heard = false;
    const auto ordered_after = [&heard](Duration at, bool speaks) {
        Lost s;
        s.power.speaks_by_itself = speaks;
        s.host.panic();
        (void)s.host.agenda().after(at, [&s] {
            s.host.power_off();
            s.power.say(PowerState::off, "QEMU says SHUTDOWN (guest-shutdown)");
        });
        const auto done = s.recover();
        CAPTURE(s.world.story().text());
        REQUIRE(done.recovered);
        REQUIRE(s.power.orders().size() == 1);
        heard = s.world.story().text().contains("says by itself: off (QEMU says SHUTDOWN");
        return s.power.orders()[0].at - s.began - at;
    };
    int times = 0;
    Duration with{}, without{};
    for (Duration at = 60s; at < 120s; at += 5s) {
        CAPTURE(at);
        const auto soon = ordered_after(at, true);
        // While it looks nobody listens: then its switch is asked anyway.
        times += heard ? 1 : 0;
        if (heard) CHECK(soon < 12s);
        with += soon;
        without += ordered_after(at, false);
        CHECK_FALSE(heard);
    }
    CHECK(times >= 6);
    CHECK(with < without);
    MESSAGE(times << " of 12 heard; the order after " << with / 12 << ", else after " << without / 12);
}

namespace {

/// Its kernel has panicked, and its switch says that a crash kernel took over.
class Dumping : public Lost {
public:
    Dumping() {
        power.speaks_by_itself = true;
        host.panic();
        (void)host.agenda().after(10s, [this] { power.say(PowerState::dumping, "QEMU says GUEST_CRASHLOADED"); });
    }
    void resets(Duration at, bool boots) {
        (void)host.agenda().after(at, [this, boots] {
            if (boots) {
                host.power_off();
                host.power_on();
            }
            power.say(PowerState::on, "QEMU says RESET (guest-reset)");
        });
    }
};

}  // namespace

TEST_CASE("a crash kernel that its switch has told of is let finish, and what comes after it is seen") {
    Dumping s;
    s.resets(4min, true);
    const auto done = s.recover(RecoveryPolicy::lab());
    CAPTURE(s.world.story().text());
    CHECK(done.recovered);
    CHECK(s.power.orders().empty());
}

TEST_CASE("a machine that hangs after its dump is brought back: it said that it was reset, or half an hour is over") {
    for (const bool heard : {true, false}) {
        CAPTURE(heard);
        Dumping s;
        if (heard) s.resets(2min, false);
        const auto done = s.recover(RecoveryPolicy::lab());
        CAPTURE(s.world.story().text());
        CHECK(done.recovered);
        REQUIRE_FALSE(s.power.orders().empty());
        CHECK(s.power.orders()[0].at - s.began >= (heard ? 2min : 30min));
        if (heard) CHECK(s.power.orders()[0].at - s.began < 5min);
    }
}

TEST_CASE("of a crash kernel the next who comes knows, who has heard nothing") {
    Dumping s;
    const auto first = s.world.start(s.climb(RecoveryPolicy::lab()));
    s.world.run_for(30s);
    REQUIRE(s.world.story().contains("says by itself: dumping"));
    s.world.stop_tasks();
    s.world.run(s.link->close());
    s.link = s.make_link();
    const auto done = s.recover(RecoveryPolicy::lab().within(10min));
    CAPTURE(s.world.story().text());
    CHECK_FALSE(done.recovered);
    CHECK(done.reason.contains("dump of a crash"));
    CHECK(s.power.orders().empty());
}

}  // namespace vmc::test
