// SPDX-License-Identifier: Apache-2.0
// What the VM was saying when the connection ended is no answer, wherever it was cut: no half of one is believed.
#include <doctest/doctest.h>

#include "model/boot_clues.hpp"
#include "model/end_process.hpp"
#include "model/facts.hpp"
#include "model/job_records.hpp"
#include "model/listener.hpp"
#include "model/sudo.hpp"
#include "model/system_report.hpp"
#include "unit/model/shell.hpp"

using namespace vmc;
using namespace vmc::model;
using namespace std::chrono_literals;

namespace {

const std::string mark = nonce(0x1122334455667788);
const WallTime noon{1800000000s};
const BootId before = *BootId::parse("1b0c54ac-55d2-4b5c-8f0a-6a3a3e1c7b11");

/// At every byte, the noise of a login before it.
template <class Parse>
int believed_when_cut(const std::string& printed, const Parse& parse) {
    const std::string noise = "Welcome\nvmc-begin-0000000000000000\n\xff\n";
    REQUIRE(parse(noise + printed + "logout\n"));
    const auto end = printed.rfind("\nvmc-end-" + mark) + mark.size() + 10;
    int believed = 0;
    for (std::size_t cut = 0; cut < end; ++cut) believed += parse(noise + printed.substr(0, cut));
    CHECK(end > 40);
    return believed;
}

}  // namespace

TEST_CASE("an answer of this very machine, cut at any byte, is believed by nobody") {
    const auto facts = shell::run(facts_script(mark), shell::installed().front());
    CHECK(believed_when_cut(facts, [](const std::string& got) { return parse_facts(got, mark).has_value(); }) == 0);
    const auto system = shell::run(system_script(mark), shell::installed().front());
    const AskedBetween times{noon, noon + 1s};
    const auto report = [&](const std::string& got) { return parse_system(got, mark, times).has_value(); };
    CHECK(believed_when_cut(system, report) == 0);
    const auto listener = shell::run(listener_script(mark), shell::installed().front());
    CHECK(believed_when_cut(listener, [](const std::string& got) { return parse_listener(got, mark).has_value(); }) ==
          0);
    const auto clues = shell::run(boot_clues_script(mark, before), shell::installed().front());
    const auto read = [](const std::string& got) { return parse_boot_clues(got, mark).has_value(); };
    CHECK(believed_when_cut(clues, read) == 0);
}

TEST_CASE("an answer about a job, cut at any byte, is believed by nobody") {
    const std::string job =
        "\nvmc-begin-" + mark + "\nboot=" + before.text() + "\njob=j\nresult.code=0\n\nvmc-end-" + mark + "\n";
    const auto read = [](const std::string& got) { return JobAnswer::parse(got, mark).has_value(); };
    CHECK(believed_when_cut(job, read) == 0);
}

TEST_CASE("an answer with another mark, or with ours only at its beginning, is believed by nobody") {
    const std::string body = "boot_id=" + before.text() + "\n";
    const auto frame = [&](const std::string& from, const std::string& to) {
        return "\nvmc-begin-" + from + "\n" + body + "\nvmc-end-" + to + "\n";
    };
    const std::string other = nonce(1);
    CHECK(parse_facts(frame(mark, mark), mark));
    CHECK_FALSE(parse_facts(frame(other, other), mark));
    CHECK_FALSE(parse_facts(frame(mark, other), mark));
    CHECK_FALSE(parse_facts(frame(other, mark), mark));
    // What stands in front of ours is not ours.
    const auto both = parse_facts(frame(other, other) + frame(mark, mark), mark);
    CHECK(both);
}
