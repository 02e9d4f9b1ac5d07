// SPDX-License-Identifier: Apache-2.0
#include "model/etiquette.hpp"

#include <doctest/doctest.h>

#include "unit/property.hpp"

#include <vector>

using namespace vmc;
using namespace vmc::model;
using namespace std::chrono_literals;

namespace {
const WallTime noon{1800000000s};
Etiquette four_left() {
    Etiquette etiquette;
    for (const auto ago : {4s, 3s, 2s, 1s}) etiquette.abandoned(noon - ago);
    return etiquette;
}
}  // namespace

TEST_CASE("a VM that never saw an abandoned connection may be reached at once") {
    CHECK_FALSE(Etiquette().held_until(noon));
}

TEST_CASE("the fifth connection waits until the first of four is twelve minutes old") {
    CHECK(four_left().held_until(noon) == noon - 4s + 12min);
    CHECK_FALSE(four_left().held_until(noon - 4s + 12min));
}

TEST_CASE("however often connections are abandoned, no twelve minutes hold more than four") {
    always([](const std::vector<std::uint16_t>& pauses) {
        Etiquette etiquette;
        std::vector<WallTime> made;
        WallTime now = noon;
        for (const auto pause : pauses) {
            now += std::chrono::milliseconds(pause);
            now = etiquette.held_until(now).value_or(now);
            etiquette.abandoned(now);
            etiquette = Etiquette::parse(etiquette.serialise());
            made.push_back(now);
            if (made.size() > 4) RC_ASSERT(made.back() - made[made.size() - 5] >= Etiquette::window);
        }
    });
}

TEST_CASE("three that sshd never met are joined by one more in twelve minutes, however long it hangs") {
    Etiquette etiquette;
    WallTime now = noon;
    for (int i = 0; i < 3; ++i) {
        CHECK_FALSE(etiquette.held_until(now));
        etiquette.unserved(now += 10s, "no answer");
        etiquette = Etiquette::parse(etiquette.serialise());
    }
    CHECK(etiquette.has_unserved());
    CHECK(etiquette.held_until(now) == now + 12min);
    now += 12min;
    CHECK_FALSE(etiquette.held_until(now));
    etiquette.unserved(now);
    CHECK(etiquette.held_until(now) == now + 12min);
}

TEST_CASE("what waited in the queue is met when sshd speaks, and forgotten when it was started anew") {
    Etiquette etiquette;
    for (int i = 0; i < 4; ++i) etiquette.unserved(noon - 1h);
    Etiquette anew = etiquette;
    anew.queue_is_gone();
    anew.abandoned(noon);
    CHECK_FALSE(anew.has_unserved());
    CHECK_FALSE(anew.held_until(noon));
    etiquette.served(noon);
    CHECK_FALSE(etiquette.has_unserved());
    CHECK_FALSE(etiquette.held_until(noon));  // who was let in may come again
    etiquette.abandoned(noon + 1s);
    CHECK(etiquette.held_until(noon + 1s) == noon + 12min);
}

TEST_CASE("a system that keeps everybody out is asked every five seconds, for a minute after it last said so") {
    Etiquette etiquette;
    CHECK_FALSE(etiquette.keeps_out(noon));
    etiquette.kept_out(noon);
    etiquette = Etiquette::parse(etiquette.serialise());
    CHECK(etiquette.keeps_out(noon + 59s));
    CHECK(etiquette.paced_until() == noon + 5s);
    CHECK_FALSE(etiquette.keeps_out(noon + 60s));
    CHECK_FALSE(etiquette.held_until(noon));
    etiquette.let_in();
    CHECK_FALSE(etiquette.keeps_out(noon + 1s));
}

TEST_CASE("what is under way may come to no login too, and takes a place") {
    Etiquette etiquette;
    for (int i = 0; i < 3; ++i) etiquette.abandoned(noon);
    const auto place = etiquette.begin(noon);
    REQUIRE(place);
    CHECK_FALSE(Etiquette::parse(etiquette.serialise()).begin(noon + 1s));
    CHECK(Etiquette::parse(etiquette.serialise()).begin(noon + 12min));
    etiquette.end(*place);
    CHECK(etiquette.begin(noon));

    Etiquette once;
    once.abandoned(noon);
    REQUIRE(once.begin(noon));
    CHECK_FALSE(once.begin(noon + 4999ms));
    CHECK(once.begin(noon + 5s));

    Etiquette four;
    for (int i = 0; i < 4; ++i) CHECK(four.begin(noon));
    CHECK_FALSE(four.begin(noon));
}

TEST_CASE("a connection that our kernel gave up counts once, and at once; and again where sshd comes to it later") {
    Etiquette etiquette;
    for (int i = 0; i < 3; ++i) etiquette.abandoned(noon);
    etiquette.given_up(noon + 1s);
    CHECK(etiquette.held_until(noon + 2s) == noon + 12min);
    Etiquette after = Etiquette::parse(etiquette.serialise());
    after.served(noon + 2s);
    CHECK(after.held_until(noon + 2s) == noon + 12min);

    Etiquette once;
    for (int i = 0; i < 2; ++i) once.given_up(noon + 1s * i);
    CHECK_FALSE(once.held_until(noon + 2s));

    Etiquette later;
    later.given_up(noon);
    later.served(noon + 1h);  // its machine was paused for so long
    for (int i = 0; i < 3; ++i) later.abandoned(noon + 1h);
    CHECK(later.held_until(noon + 1h));
}

TEST_CASE("two that were left in the same millisecond are two, of whatever kind") {
    Etiquette etiquette;
    etiquette.abandoned(noon);
    etiquette.unserved(noon);
    etiquette.unserved(noon);
    etiquette.served(noon + 1s);
    etiquette.abandoned(noon);
    CHECK(Etiquette::parse(etiquette.serialise()).held_until(noon + 1s));
}

TEST_CASE("one that was left unserved counts also where as many were left as may be: its banner may have been lost") {
    Etiquette etiquette;
    for (int i = 0; i < 3; ++i) etiquette.abandoned(noon);
    etiquette.unserved(noon + 1s);
    etiquette.served(noon + 2s);
    CHECK(etiquette.held_until(noon + 2s) == noon + 12min);

    Etiquette frozen;  // for twenty minutes
    for (int i = 0; i < 3; ++i) frozen.unserved(noon);
    frozen.unserved(noon + 12min);
    frozen.served(noon + 20min);
    CHECK_FALSE(frozen.held_until(noon + 20min));
}

TEST_CASE("a clock that was set back keeps us waiting for twelve minutes at most") {
    CHECK(four_left().held_until(noon - 5min) == noon + 7min);
    CHECK_FALSE(four_left().held_until(noon - 13min));
}

TEST_CASE("what is not a record of ours, or a torn one, holds nobody") {
    for (const std::string text :
         {"", "garbage", "abandoned_ms=", "abandoned_ms=-5", "abandoned_ms=1,2,3,4,5",
          "abandoned_ms=9223372036854775807,1,1,1", "abandoned_ms=1,,2,3", "abandoned_ms=\nunserved_ms=1,x"})
        CHECK_FALSE(Etiquette::parse(text).held_until(noon));
    always([](const std::string& noise) { RC_ASSERT(!Etiquette::parse(noise).held_until(noon)); });
}

TEST_CASE("what sshd itself ended is not held against us; what we left is") {
    for (const auto code : {Code::auth_denied, Code::throttled, Code::booting, Code::lost, Code::protocol})
        CHECK_FALSE(is_abandoned(Error(code, Stage::banner, "")));
    for (const auto code : {Code::timed_out, Code::cancelled, Code::host_key_changed, Code::host_key_unknown})
        CHECK(is_abandoned(Error(code, Stage::banner, "")));
    CHECK(is_abandoned(Error(Code::lost, Stage::banner, "Connection timed out").given_up_here()));
}

TEST_CASE("all users of a VM share its record") {
    const std::string name = etiquette_name(Target("web-1").user("root"));
    CHECK(etiquette_name(Target("web-1").user("admin").key("/k")) == name);
    CHECK(etiquette_name(Target("web-1").port(2222)) != name);
}
