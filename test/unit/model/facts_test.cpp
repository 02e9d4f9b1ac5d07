// SPDX-License-Identifier: Apache-2.0
#include "model/facts.hpp"

#include <doctest/doctest.h>

#include "unit/property.hpp"

#include "unit/model/shell.hpp"

using namespace vmc;
using namespace vmc::model;
using namespace std::chrono_literals;

namespace {

const std::string mark = nonce(0xfedcba9876543210);
constexpr auto boot = "1b0c54ac-55d2-4b5c-8f0a-6a3a3e1c7b11";

std::string answer(const std::string& body) { return "\nvmc-begin-" + mark + "\n" + body + "\nvmc-end-" + mark + "\n"; }
Facts read(const std::string& body) {
    const auto facts = parse_facts(answer(std::string("boot_id=") + boot + "\n" + body), mark);
    REQUIRE(facts);
    return *facts;
}

}  // namespace

TEST_CASE("this machine's facts can be read under every shell there is") {
    for (const std::string& with : shell::installed()) {
        CAPTURE(with);
        const auto facts = parse_facts(shell::run(facts_script(mark), with), mark);
        REQUIRE(facts);
        CHECK(facts->uptime > 0s);
        CHECK(facts->booted_at > WallTime(1'600'000'000s));
        CHECK(facts->incarnation.starts_with("pid1="));
        CHECK(facts->ssh_connection == "192.0.2.1 40000 192.0.2.2 22");
        CHECK(facts->sshd_pid == getpid());
        CHECK(facts->sshd_start > 0);
    }
}

TEST_CASE("the question fits into 1 KiB, or each session would keep larger buffers") {
    CHECK(facts_script(mark).size() < 1024);
}

TEST_CASE("noise before and after an answer is no part of it") {
    const auto facts =
        parse_facts("Welcome!\nboot_id=none\n" + answer(std::string("boot_id=") + boot + "\nuptime=12.34\n") +
                        "uptime=99.99\nlogout\n",
                    mark);
    REQUIRE(facts);
    CHECK(facts->boot_id.text() == boot);
    CHECK(facts->uptime == 12340ms);
}

TEST_CASE("a value without its proper form is left out") {
    const Facts facts = read(
        "uptime=soon\nbtime=-1\nmachine_id=uninitialized\nproduct_uuid=\npid1=x\nsoft_reboots=\n"
        "sshd_pid=12\nsshd_start=\nssh_connection=a'b 1 c 2\n");
    CHECK(facts.uptime == 0s);
    CHECK(facts.booted_at == WallTime{});
    CHECK(facts.identity == Identity{});
    CHECK(facts.incarnation.empty());
    CHECK(facts.sshd_pid == 0);
    CHECK(facts.ssh_connection.empty());
}

TEST_CASE("an incarnation names what it was read from") {
    CHECK(read("pid1=17\nsoft_reboots=2\n").incarnation == "pid1=17,soft-reboots=2");
    CHECK(read("pid1=17\nsoft_reboots=\n").incarnation == "pid1=17");
    CHECK(read("soft_reboots=0\n").incarnation == "soft-reboots=0");
}

TEST_CASE("where no shell answers, that is said, with the words that came instead") {
    const auto facts = parse_facts("This account is currently not available.\n", mark);
    CHECK(facts.error().code() == Code::restricted_shell);
    CHECK(facts.error().peer_words() == "This account is currently not available.\n");
}

TEST_CASE("an answer that broke off, or without a boot id, is no facts") {
    CHECK(parse_facts("\nvmc-begin-" + mark + "\nboot_id=" + boot + "\n", mark).error().code() == Code::protocol);
    CHECK(parse_facts(answer("boot_id=hello\n"), mark).error().code() == Code::protocol);
    CHECK(parse_facts(answer(""), mark).error().code() == Code::protocol);
}

TEST_CASE("an answer to another question is not taken") {
    CHECK_FALSE(parse_facts(answer(std::string("boot_id=") + boot + "\n"), nonce(1)));
}

TEST_CASE("no bytes at all make the parser stumble") {
    always([](const std::string& noise) { static_cast<void>(parse_facts(answer(noise), mark)); });
}
