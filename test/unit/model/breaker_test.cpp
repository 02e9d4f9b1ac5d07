// SPDX-License-Identifier: Apache-2.0
#include "model/breaker.hpp"

#include <doctest/doctest.h>

#include "unit/property.hpp"

using namespace vmc;
using namespace vmc::model;
using namespace std::chrono_literals;

namespace {
const WallTime noon{1800000000s};
Breaker twice_denied() {
    Breaker breaker;
    breaker.denied(noon - 1s);
    breaker.denied(noon);
    return breaker;
}
}  // namespace

TEST_CASE("one denial is an accident, two open the breaker for ten minutes") {
    Breaker breaker;
    breaker.denied(noon);
    CHECK_FALSE(breaker.open_until(noon));
    breaker.denied(noon + 1s);
    CHECK(breaker.open_until(noon + 2s) == noon + 1s + 10min);
    CHECK_FALSE(breaker.open_until(noon + 1s + 10min));
}

TEST_CASE("denials more than ten minutes apart never open it") {
    Breaker breaker;
    breaker.denied(noon);
    breaker.denied(noon + 10min);
    CHECK_FALSE(breaker.open_until(noon + 10min));
}

TEST_CASE("a third denial, asked for by hand, keeps it open longer") {
    Breaker breaker = twice_denied();
    breaker.denied(noon + 5min);
    CHECK(breaker.open_until(noon + 6min) == noon + 15min);
}

TEST_CASE("a login that works closes it, and the credential is remembered as good") {
    Breaker breaker = twice_denied();
    CHECK_FALSE(breaker.worked_before());
    breaker.worked();
    CHECK_FALSE(breaker.open_until(noon));
    CHECK(breaker.worked_before());
    breaker.denied(noon);
    breaker.denied(noon);
    CHECK(breaker.worked_before());
}

TEST_CASE("a clock that was set back holds us at most ten minutes") {
    CHECK(twice_denied().open_until(noon - 5min) == noon + 5min);
    CHECK_FALSE(twice_denied().open_until(noon - 11min));
}

TEST_CASE("a record survives being written and read") {
    always([](std::uint32_t seconds, bool worked, std::uint8_t denials) {
        Breaker breaker;
        if (worked) breaker.worked();
        for (int i = 0; i < denials % 4; ++i) breaker.denied(WallTime(std::chrono::seconds(seconds)));
        RC_ASSERT(Breaker::parse(breaker.serialise()) == breaker);
    });
}

TEST_CASE("what is not a record of ours is a closed breaker") {
    for (const std::string text : {"", "garbage", "denials=2\n", "denials=2\nlast_denied_ms=-5\nworked_before=1\n",
                                   "denials=99999999999999999999\nlast_denied_ms=1\nworked_before=0\n",
                                   "denials=2\nlast_denied_ms=9223372036854775807\nworked_before=0\n",
                                   "denials=2x\nlast_denied_ms=1\nworked_before=0\n"})
        CHECK(Breaker::parse(text) == Breaker());
    always([](const std::string& noise) { RC_ASSERT(!Breaker::parse(noise).open_until(noon)); });
}

TEST_CASE("a torn record never opens the breaker") {
    const std::string whole = twice_denied().serialise();
    for (std::size_t size = 0; size + 2 < whole.size(); ++size)
        CHECK_FALSE(Breaker::parse(whole.substr(0, size)).open_until(noon));
}

TEST_CASE("each host, port, user and key has a breaker of its own, with a stable name") {
    Target target("web-1");
    target.user("root").key("/k/a");
    CHECK(breaker_name(target) == "breaker/e5aa15a18e16affd");
    const std::string name = breaker_name(target);
    CHECK(breaker_name(Target(target).port(2222)) != name);
    CHECK(breaker_name(Target(target).user("admin")) != name);
    CHECK(breaker_name(Target(target).key("/k/b")) != name);
    CHECK(breaker_name(Target("web-2").user("root").key("/k/a")) != name);
}
