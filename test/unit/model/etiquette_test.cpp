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

TEST_CASE("the fifth connection waits until the first of four is ten minutes old") {
    CHECK(four_left().held_until(noon) == noon - 4s + 10min);
    CHECK_FALSE(four_left().held_until(noon - 4s + 10min));
}

TEST_CASE("however often connections are abandoned, no ten minutes hold more than four") {
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

TEST_CASE("a clock that was set back keeps us waiting for ten minutes at most") {
    CHECK(four_left().held_until(noon - 5min) == noon + 5min);
    CHECK_FALSE(four_left().held_until(noon - 11min));
}

TEST_CASE("what is not a record of ours, or a torn one, holds nobody") {
    for (const std::string text : {"", "garbage", "abandoned_ms=", "abandoned_ms=-5", "abandoned_ms=1,2,3,4,5",
                                   "abandoned_ms=9223372036854775807,1,1,1", "abandoned_ms=1,,2,3"})
        CHECK_FALSE(Etiquette::parse(text).held_until(noon));
    always([](const std::string& noise) { RC_ASSERT(!Etiquette::parse(noise).held_until(noon)); });
}

TEST_CASE("what sshd itself ended is not held against us; what we left is") {
    for (const auto code : {Code::auth_denied, Code::throttled, Code::booting, Code::lost, Code::protocol})
        CHECK_FALSE(is_abandoned(code));
    for (const auto code : {Code::timed_out, Code::cancelled, Code::host_key_changed, Code::host_key_unknown})
        CHECK(is_abandoned(code));
}

TEST_CASE("all users of a VM share its record") {
    const std::string name = etiquette_name(Target("web-1").user("root"));
    CHECK(etiquette_name(Target("web-1").user("admin").key("/k")) == name);
    CHECK(etiquette_name(Target("web-1").port(2222)) != name);
}
