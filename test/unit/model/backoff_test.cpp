// SPDX-License-Identifier: Apache-2.0
#include "model/backoff.hpp"

#include <algorithm>

#include <doctest/doctest.h>

#include "unit/property.hpp"

using namespace vmc;
using namespace vmc::model;
using namespace std::chrono_literals;

TEST_CASE("the first retry comes at once, within 250 ms") {
    always([](std::uint64_t draw) {
        Backoff backoff;
        const Duration wait = backoff.next(draw);
        RC_ASSERT(wait >= 0ns);
        RC_ASSERT(wait <= 250ms);
    });
}

TEST_CASE("each later retry waits anywhere below a bound that doubles from half a second up to the cap") {
    Backoff backoff;
    static_cast<void>(backoff.next(0));
    for (const Duration bound : {500ms, 1000ms, 2000ms, 4000ms, 8000ms, 10000ms, 10000ms, 10000ms}) {
        Backoff low = backoff, high = backoff;
        CHECK(low.next(0) == 0ns);
        CHECK(high.next(static_cast<std::uint64_t>(bound.count())) == bound);
        CHECK(backoff.next(static_cast<std::uint64_t>(bound.count()) + 1) == 0ns);
    }
}

TEST_CASE("no number of failures makes it wait longer than the cap") {
    always([](std::uint64_t draw, std::uint16_t failures) {
        Backoff backoff(Backoff::cap_for_fleet);
        for (int i = 0; i < failures % 500; ++i) static_cast<void>(backoff.next(draw));
        const Duration wait = backoff.next(draw);
        RC_ASSERT(wait >= 0ns);
        RC_ASSERT(wait <= 60s);
    });
}

TEST_CASE("one command that worked does not reset it, two in a row do") {
    Backoff backoff;
    for (int i = 0; i < 6; ++i) static_cast<void>(backoff.next(0));
    backoff.worked();
    CHECK(backoff.failures() == 6);
    static_cast<void>(backoff.next(0));
    backoff.worked();
    CHECK(backoff.failures() == 7);
    backoff.worked();
    CHECK(backoff.failures() == 0);
}
