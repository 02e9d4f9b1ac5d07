// SPDX-License-Identifier: Apache-2.0
#include "model/flaps.hpp"

#include <doctest/doctest.h>

using namespace vmc;
using namespace vmc::model;
using namespace std::chrono_literals;

namespace {

Instant at(Duration span) { return Instant(1h + span); }

}  // namespace

TEST_CASE("a way that was lost once or twice is not flapping") {
    Flaps flaps;
    CHECK_FALSE(flaps.is_flapping(at(0s)));
    flaps.went(at(0s));
    flaps.went(at(30s));
    CHECK_FALSE(flaps.is_flapping(at(31s)));
}

TEST_CASE("the third loss within two minutes is flapping, and two minutes without one are its end") {
    Flaps flaps;
    for (const auto when : {0s, 50s, 110s}) flaps.went(at(when));
    CHECK(flaps.is_flapping(at(110s)));
    CHECK(flaps.is_flapping(at(229s)));
    CHECK_FALSE(flaps.is_flapping(at(230s)));
}

TEST_CASE("losses that lie far apart are each their own") {
    Flaps flaps;
    for (int i = 0; i < 100; ++i) {
        flaps.went(at(i * 121s));
        CHECK_FALSE(flaps.is_flapping(at(i * 121s)));
    }
}

TEST_CASE("one damped state: a flap a minute keeps it, and does not begin it anew") {
    Flaps flaps;
    for (int i = 0; i < 3; ++i) flaps.went(at(i * 10s));
    for (int i = 1; i < 60; ++i) {
        CHECK(flaps.is_flapping(at(20s + i * 110s)));
        flaps.went(at(20s + i * 110s));
    }
}
