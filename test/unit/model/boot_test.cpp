// SPDX-License-Identifier: Apache-2.0
#include <vm_connection/boot.hpp>

#include <doctest/doctest.h>

#include "unit/property.hpp"

using namespace vmc;
using namespace std::chrono_literals;

namespace {

BootId id(char digit) { return *BootId::parse("1b0c54ac-55d2-4b5c-8f0a-6a3a3e1c7b1" + std::string(1, digit)); }

BootRecord record(char boot = '1') {
    return {id(boot), "pid1=17,soft-reboots=0", {"SHA256:key", "machine", "uuid"}, 100s, {}};
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
    other.identity = {"SHA256:key", "machine2", "uuid"};
    CHECK(compare(record(), other) == BootChange::other_machine);
    other.identity = {"SHA256:key2", "machine2", "uuid"};
    CHECK(compare(record(), other) == BootChange::re_imaged);
    other.identity = {"SHA256:key2", "machine2", "uuid2"};
    CHECK(compare(record(), other) == BootChange::other_machine);
    other.identity = {"SHA256:key", "machine", "uuid2"};
    CHECK(compare(record(), other) == BootChange::other_machine);
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
    CHECK(slug(BootChange::none) == "none");
    CHECK(slug(BootChange::soft_reboot) == "soft-reboot");
    CHECK(slug(BootChange::snapshot_revert) == "snapshot-revert");
    CHECK(slug(BootChange::re_imaged) == "re-imaged");
}
