// SPDX-License-Identifier: Apache-2.0
#include "model/acquaintance.hpp"

#include <doctest/doctest.h>

#include "unit/property.hpp"

using namespace vmc;
using namespace vmc::model;
using namespace std::chrono_literals;

namespace {

Acquaintance known() {
    Acquaintance host;
    host.answered_ping = true;
    host.forwarded = true;
    host.canary = "192.0.2.1 53";
    host.seen = WallTime(1'732'000'000'000ms);
    host.round_trip = 1234us;
    host.boot = BootRecord{*BootId::parse("05b9a642-6b78-445d-8496-a74db16d51c3"), "pid1=17", {}, 60s, *host.seen};
    return host;
}

}  // namespace

TEST_CASE("what is remembered of a host reads back the same") {
    const auto host = known();
    const auto read = Acquaintance::parse(host.serialise());
    CHECK(read.answered_ping);
    CHECK_FALSE(read.refused_closed_port);
    CHECK(read.forwarded);
    CHECK(read.canary == host.canary);
    CHECK(read.seen == host.seen);
    CHECK(read.round_trip == host.round_trip);
    REQUIRE(read.boot.has_value());
    CHECK(read.boot->boot_id == host.boot->boot_id);
    CHECK_FALSE(read.differs_from(host));
}

TEST_CASE("a record that is damaged is one of a stranger") {
    always([](const std::string& bytes) { (void)Acquaintance::parse(bytes); });
    for (const std::string text :
         {"", "answered_ping=2\n", "canary=\n", "seen_ms=-1\n", "seen_ms=99999999999999999999\n",
          "round_trip_us=9000000000000\n", "boot_id=root@vm1:~#\nuptime_ms=1\nread_at_ms=1\n"}) {
        CAPTURE(text);
        const auto read = Acquaintance::parse(text);
        CHECK_FALSE(read.answered_ping);
        CHECK(read.canary.empty());
        CHECK_FALSE(read.seen.has_value());
        CHECK(read.round_trip == Duration{});
        CHECK_FALSE(read.boot.has_value());
    }
}

TEST_CASE("a host that is looked at every second is written down once a minute") {
    auto later = known();
    later.seen = *later.seen + 59s;
    CHECK_FALSE(later.differs_from(known()));
    later.seen = *later.seen + 1s;
    CHECK(later.differs_from(known()));
    auto rebooted = known();
    rebooted.boot->boot_id = *BootId::parse("15b9a642-6b78-445d-8496-a74db16d51c3");
    CHECK(rebooted.differs_from(known()));
    auto canary = known();
    canary.canary = "192.0.2.2";
    CHECK(canary.differs_from(known()));
    auto pinged = known();
    pinged.answered_ping = false;
    CHECK(known().differs_from(pinged));
}
