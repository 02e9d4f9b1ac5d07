// SPDX-License-Identifier: Apache-2.0
#include "model/boot_text.hpp"

#include <doctest/doctest.h>

using namespace vmc;

namespace {

BootRecord some_boot() {
    const auto id = BootId::parse("3f0c1f2e-1111-4222-8333-944445555666");
    return BootRecord{*id,
                      "pid1=17",
                      Identity{"SHA256:abc", "0123", ""},
                      std::chrono::seconds(90),
                      WallTime(std::chrono::milliseconds(1'700'000'000'123)),
                      Instant(std::chrono::seconds(77)),
                      std::chrono::milliseconds(31),
                      WallTime(std::chrono::seconds(1'699'999'910))};
}

}  // namespace

TEST_CASE("a recorded boot is read back as it was written") {
    const auto before = some_boot();
    const auto after = model::parse_boot_text(model::boot_text(before));
    REQUIRE(after);
    CHECK(after->boot_id == before.boot_id);
    CHECK(after->incarnation == before.incarnation);
    CHECK(after->identity == before.identity);
    CHECK(after->uptime == before.uptime);
    CHECK(after->read_at == before.read_at);
    CHECK(after->read_on == before.read_on);
    CHECK(after->took == before.took);
    CHECK(after->booted_at == before.booted_at);
}

TEST_CASE("a record of an earlier version is read, without what it did not know") {
    const auto whole = model::boot_text(some_boot());
    const auto after = model::parse_boot_text(whole.substr(0, whole.find("read_on_ms")));
    REQUIRE(after);
    CHECK(after->read_at == some_boot().read_at);
    CHECK(after->read_on == Instant{});
}

TEST_CASE("what is no record of ours is no record") {
    const auto whole = model::boot_text(some_boot());
    CHECK_FALSE(model::parse_boot_text(""));
    CHECK_FALSE(model::parse_boot_text("boot_id=Welcome to Debian\nuptime_ms=1\nread_at_ms=1\n"));
    CHECK_FALSE(model::parse_boot_text(whole.substr(0, whole.find("uptime"))));
    CHECK_FALSE(model::parse_boot_text(whole.substr(0, whole.find("read_at")) + "read_at_ms=99999999999999999\n"));
}

TEST_CASE("a value from the VM cannot pass for another line") {
    auto boot = some_boot();
    boot.incarnation = "x\nboot_id=00000000-1111-4222-8333-944445555666";
    const auto after = model::parse_boot_text(model::boot_text(boot));
    REQUIRE(after);
    CHECK(after->boot_id == boot.boot_id);
    CHECK(after->incarnation.empty());
}

TEST_CASE("no name climbs and no two names meet") {
    CHECK(model::boot_record_name("web-1") == "boots/web-1");
    CHECK(model::boot_record_name("../x") == "boots/_2e_2e_2fx");
    CHECK(model::boot_record_name("a_2e") != model::boot_record_name("a."));
    CHECK(model::boot_record_name("root@[::1]:22").find_first_of(".:[]@/", 6) == std::string::npos);
}
