// SPDX-License-Identifier: Apache-2.0
#include "model/power_log.hpp"

#include <doctest/doctest.h>

#include "unit/property.hpp"

using namespace vmc;
using namespace vmc::model;
using namespace std::chrono_literals;

namespace {
const WallTime noon{1'795'766'400'000ms};
}

TEST_CASE("an action counts as under way until it is over, or its time is") {
    PowerLog log;
    CHECK_FALSE(log.under_way(noon).has_value());
    log.begin(PowerAction::cycle, noon, 60s, "a1");
    REQUIRE(log.under_way(noon + 59s).has_value());
    CHECK(log.under_way(noon + 59s)->action == PowerAction::cycle);
    CHECK_FALSE(log.under_way(noon + 60s).has_value());  // who took it was killed
    log.end("b2");
    CHECK(log.under_way(noon + 1s).has_value());
    log.end("a1");
    CHECK_FALSE(log.under_way(noon + 1s).has_value());
}

TEST_CASE("a wall clock that was set back holds nobody longer than the action was given") {
    PowerLog log;
    log.begin(PowerAction::off, noon, 60s, "a1");
    CHECK(log.under_way(noon - 59s).has_value());
    CHECK_FALSE(log.under_way(noon - 61s).has_value());
}

TEST_CASE("what was done to a VM's power reads back, bounded, and what is no such record is no empty one") {
    PowerLog log;
    constexpr int many = PowerLog::kept + 24;
    for (int i = 0; i < many; ++i) log.begin(PowerAction::on, noon + i * 1min, 30s, "m" + std::to_string(i));
    log.end("m" + std::to_string(many - 1));
    CHECK(log.deeds().size() == PowerLog::kept);
    const auto read = PowerLog::parse(log.serialise()).value();
    REQUIRE(read.deeds().size() == PowerLog::kept);
    CHECK(read.deeds().back().over);
    CHECK_FALSE(read.deeds().front().over);
    CHECK(read.deeds().front().mark == "m24");
    CHECK(read.serialise() == log.serialise());
    const std::string whole = log.serialise();
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const auto cut = PowerLog::parse(whole.substr(0, size));
        CHECK(cut.has_value() == (size == 0 || whole[size - 1] == '\n'));
    }
    for (const std::string text : {"on\n", "on 1 2 m\n", "on 2 1 m open\n", "fly 1 2 m open\n", "on 1 2 m open x\n",
                                   "on -1 2 m open\n", "on 1 2  open\n", "on 1 2 m maybe\n"}) {
        CAPTURE(text);
        CHECK_FALSE(PowerLog::parse(text).has_value());
    }
    always([](const std::string& bytes) { (void)PowerLog::parse(bytes); });
}
