// SPDX-License-Identifier: Apache-2.0
#include "model/power_text.hpp"

#include <doctest/doctest.h>

#include "unit/property.hpp"

using namespace vmc;
using namespace vmc::model;

TEST_CASE("the slugs of power read back") {
    for (int i = 0; i < 6; ++i)
        CHECK(parse_power_state(slug(static_cast<PowerState>(i))) == static_cast<PowerState>(i));
    for (int i = 0; i < 5; ++i)
        CHECK(parse_power_action(slug(static_cast<PowerAction>(i))) == static_cast<PowerAction>(i));
    CHECK_FALSE(parse_power_action("status").has_value());
}

TEST_CASE("a fence agent's exit code and its last word have to agree") {
    CHECK(state_of_agent(0, "Status: ON\n") == PowerState::on);
    CHECK(state_of_agent(2, "Status: OFF\n") == PowerState::off);
    CHECK(state_of_agent(0, "") == PowerState::on);
    CHECK(state_of_agent(2, "") == PowerState::off);
    CHECK(state_of_agent(0, "Status: OFF\n") == PowerState::unknown);
    CHECK(state_of_agent(2, "Status: ON\n") == PowerState::unknown);
    CHECK(state_of_agent(1, "Status: ON\n") == PowerState::unknown);
    CHECK(state_of_agent(std::nullopt, "Status: OFF\n") == PowerState::unknown);
}

TEST_CASE("of a program's answer one known word counts, and nothing else") {
    CHECK(state_of_word("on\n") == PowerState::on);
    CHECK(state_of_word("  Running \r\n") == PowerState::on);
    CHECK(state_of_word("OFF") == PowerState::off);
    CHECK(state_of_word("paused\n") == PowerState::paused);
    CHECK(state_of_word("panicked\n") == PowerState::panicked);
    for (const char* text : {"", "\n", "on fire\n", "off\non\n", "shut off\n", "0", "off\x1b[2J", "onn"}) {
        CAPTURE(text);
        CHECK(state_of_word(text) == PowerState::unknown);
    }
    always([](const std::string& bytes) { (void)state_of_word(bytes); });
}

TEST_CASE("QEMU's own words for how a machine stands") {
    CHECK(state_of_qemu("running") == PowerState::on);
    CHECK(state_of_qemu("paused") == PowerState::paused);
    CHECK(state_of_qemu("shutdown") == PowerState::off);
    CHECK(state_of_qemu("guest-panicked") == PowerState::panicked);
    for (const char* text : {"", "internal-error", "io-error", "watchdog", "Running"}) {
        CAPTURE(text);
        CHECK(state_of_qemu(text) == PowerState::unknown);
    }
}

TEST_CASE("of QEMU's events those count that tell how its machine stands") {
    CHECK(state_of_qemu_event("RESET") == PowerState::on);
    CHECK(state_of_qemu_event("STOP") == PowerState::paused);
    CHECK(state_of_qemu_event("SHUTDOWN") == PowerState::off);
    CHECK(state_of_qemu_event("GUEST_PANICKED") == PowerState::panicked);
    CHECK(state_of_qemu_event("GUEST_CRASHLOADED") == PowerState::dumping);
    for (const char* name : {"", "POWERDOWN", "RESUME", "RTC_CHANGE", "NIC_RX_FILTER_CHANGED", "reset"}) {
        CAPTURE(name);
        CHECK_FALSE(state_of_qemu_event(name).has_value());
    }
}

TEST_CASE("what nobody else may read has no place among an agent's options, and the name of its file has one") {
    for (const char* name : {"password", "passwd", "secret_key", "snmp_priv_passwd", "token", "Access_Key", "apikey"}) {
        CAPTURE(name);
        CHECK(is_secret(name));
    }
    for (const char* name : {"plug", "ip", "username", "identity_file", "password_script", "ssl", "cipher", "retry"}) {
        CAPTURE(name);
        CHECK_FALSE(is_secret(name));
    }
}

TEST_CASE("the words of a switch are one line, bounded, and cannot drive a terminal") {
    CHECK(last_words("out\n", "first\nsecond\n") == "second");
    CHECK(last_words("only\n\n", "") == "only");
    CHECK(last_words("", "") == "");
    CHECK(last_words("", "\x1b[2Jgone\n") == "\\x1b[2Jgone");
    CHECK(last_words("", std::string(5000, '\x01')).size() <= 300);
    CHECK(how_it_failed(1, "", "no such plug\n") == "exit 1: no such plug");
    CHECK(how_it_failed(std::nullopt, "", "") == "ended by a signal");
}
