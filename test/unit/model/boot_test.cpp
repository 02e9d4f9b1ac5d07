// SPDX-License-Identifier: Apache-2.0
#include <vm_connection/boot.hpp>

#include <doctest/doctest.h>

#include "unit/property.hpp"

using namespace vmc;
using namespace std::chrono_literals;

namespace {

BootId id(char digit) { return *BootId::parse("1b0c54ac-55d2-4b5c-8f0a-6a3a3e1c7b1" + std::string(1, digit)); }

constexpr WallTime wall{1'700'000'000s};

BootRecord record(char boot = '1') {
    return {id(boot), "pid1=17,soft-reboots=0", {"SHA256:key", "machine", "uuid"}, 100s};
}

}  // namespace

TEST_CASE("a boot id is a lower-case UUID and nothing else") {
    CHECK(BootId::parse("1b0c54ac-55d2-4b5c-8f0a-6a3a3e1c7b11"));
    for (const auto* text : {"", "1b0c54ac-55d2-4b5c-8f0a-6a3a3e1c7b1", "1b0c54ac-55d2-4b5c-8f0a-6a3a3e1c7b111",
                             "1B0C54AC-55D2-4B5C-8F0A-6A3A3E1C7B11", "00000000-0000-0000-0000-000000000000",
                             "1b0c54ac055d2-4b5c-8f0a-6a3a3e1c7b11", "1b0c54ac-55d2-4b5c-8f0a-6a3a3e1c7b1\n",
                             "Last login: Mon Jan  1 00:00:00 2026"})
        CHECK_FALSE(BootId::parse(text));
    always([](const std::string& noise) { RC_ASSERT(!BootId::parse(noise)); });
}

TEST_CASE("the same boot read twice is no change") {
    BootRecord later = record();
    later.uptime = 200s;
    CHECK(compare(record(), later) == BootChange::none);
}

TEST_CASE("another boot id on the same identity is a reboot") {
    CHECK(compare(record('1'), record('2')) == BootChange::reboot);
    BootRecord little = record('2');
    little.identity = {"SHA256:key", "", ""};
    CHECK(compare(record('1'), little) == BootChange::reboot);
}

TEST_CASE("another boot id on nobody we know is not called a reboot") {
    BootRecord stranger = record('2');
    stranger.identity = {};
    CHECK(compare(record('1'), stranger) == BootChange::ambiguous);
    stranger.identity = {"SHA256:other", "machine", "uuid"};
    CHECK(compare(record('1'), stranger) == BootChange::ambiguous);
}

TEST_CASE("another machine-id is another machine, or the same one with a new image") {
    BootRecord other = record('2');
    other.identity = {"SHA256:key2", "machine2", "uuid"};
    CHECK(compare(record(), other) == BootChange::re_imaged);
    other.identity = {"SHA256:key2", "machine2", "uuid2"};
    CHECK(compare(record(), other) == BootChange::other_machine);
    other.identity = {"SHA256:key2", "machine2", ""};
    CHECK(compare(record(), other) == BootChange::other_machine);
    other.identity = {"SHA256:key", "machine", "uuid2"};
    CHECK(compare(record(), other) == BootChange::other_machine);
}

TEST_CASE("a machine-id that is made at each boot is no other machine, where the hardware is known") {
    BootRecord later = record('2');
    later.identity = {"SHA256:key", "machine2", "uuid"};
    CHECK(compare(record(), later) == BootChange::reboot);
    later.identity.product_uuid = "";  // a clone of the same image would look like this
    CHECK(compare(record(), later) == BootChange::ambiguous);
}

TEST_CASE("one boot id on two machines is a clone with its memory, and cannot be told") {
    BootRecord clone = record();
    clone.identity = {"SHA256:key", "machine", "uuid2"};
    CHECK(compare(record(), clone) == BootChange::ambiguous);
    clone.identity = {"SHA256:key", "machine2", ""};
    CHECK(compare(record(), clone) == BootChange::ambiguous);
    clone.identity = {"SHA256:key2", "machine2", "uuid"};  // new keys, a new machine-id: it is still that life
    CHECK(compare(record(), clone) == BootChange::none);
}

TEST_CASE("the same boot with a new user space is a soft reboot") {
    BootRecord later = record();
    later.incarnation = "pid1=17,soft-reboots=1";
    CHECK(compare(record(), later) == BootChange::soft_reboot);
    later.incarnation = "pid1=9000";
    CHECK(compare(record(), later) == BootChange::soft_reboot);
}

TEST_CASE("the same boot whose time runs backwards is a snapshot put back") {
    BootRecord later = record();
    later.uptime = 50s;
    CHECK(compare(record(), later) == BootChange::snapshot_revert);
    later.uptime = 99500ms;  // two readings that crossed
    CHECK(compare(record(), later) == BootChange::none);
}

namespace {

/// Read `ours` after record(), when the VM's uptime had advanced by `theirs`.
BootRecord read_after(Duration ours, Duration theirs) {
    BootRecord later = record();
    later.uptime += theirs;
    later.read_at = wall + std::chrono::duration_cast<std::chrono::milliseconds>(ours);
    later.read_on = Instant(50s) + ours;
    return later;
}

BootRecord timed() { return read_after(0s, 0s); }

}  // namespace

TEST_CASE("a life for which time stood still was paused, whatever our clocks did") {
    CHECK(compare(timed(), read_after(120s, 60s)) == BootChange::pause);
    CHECK(*stood_still(timed(), read_after(120s, 60s)) == 60s);
    CHECK(compare(timed(), read_after(120s, 120s)) == BootChange::none);
    BootRecord set = read_after(60s, 60s);
    set.read_at += 1h;  // our calendar was set
    CHECK(compare(timed(), set) == BootChange::none);
    BootRecord elsewhere = read_after(60s, 60s);
    elsewhere.read_on += 10h;  // another machine of ours reads it
    CHECK(compare(timed(), elsewhere) == BootChange::none);
    BootRecord slow = read_after(70s, 60s);
    slow.took = 10s;  // the answer was on its way for long
    CHECK(compare(timed(), slow) == BootChange::none);
}

TEST_CASE("a clock that is slewed is no pause, and a reading without its times is none") {
    CHECK(compare(timed(), read_after(1000s, 917s)) == BootChange::none);  // chrony's fastest
    CHECK(compare(timed(), read_after(62s, 60s)) == BootChange::none);
    BootRecord timeless = read_after(120s, 60s);
    timeless.read_on = {};
    CHECK(compare(timed(), timeless) == BootChange::none);
    CHECK_FALSE(stood_still(timed(), timeless));
}

TEST_CASE("a pause is never claimed of a time that cannot have passed") {
    always([](std::uint16_t calendar, std::uint16_t steady, std::uint16_t theirs, std::uint8_t took) {
        BootRecord later = read_after(0s, std::chrono::seconds(theirs));
        later.read_at += std::chrono::seconds(calendar);
        later.read_on += std::chrono::seconds(steady);
        later.took = std::chrono::seconds(took);
        if (std::min(calendar, steady) <= theirs) RC_ASSERT(compare(timed(), later) != BootChange::pause);
    });
}

TEST_CASE("what was not read is never a difference") {
    BootRecord later = record();
    later.uptime = 0s;
    for (const auto* incarnation : {"", "pid1=17", "soft-reboots=0"}) {
        later.incarnation = incarnation;
        CHECK(compare(record(), later) == BootChange::none);
        CHECK(compare(later, record()) == BootChange::none);
    }
    later.identity = {};
    CHECK(compare(record(), later) == BootChange::none);
}

TEST_CASE("the words for changes are stable") {
    const std::vector<std::string_view> words{"none",          "reboot",          "reboot-at-least-once",
                                              "crash-reboot",  "kexec",           "soft-reboot",
                                              "pause",         "snapshot-revert", "re-imaged",
                                              "other-machine", "ambiguous",       "unknown"};
    for (std::size_t i = 0; i < words.size(); ++i) CHECK(slug(static_cast<BootChange>(i)) == words[i]);
}
