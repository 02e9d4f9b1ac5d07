// SPDX-License-Identifier: Apache-2.0
#include <vm_connection/health.hpp>
#include <vm_connection/outcome.hpp>
#include <vm_connection/target.hpp>

#include <doctest/doctest.h>

#include "base/span.hpp"

using namespace vmc;
using namespace std::chrono_literals;

TEST_CASE("an error is one line: where, what, after how long") {
    const Error denied = Error(Code::auth_denied, Stage::authentication, "denied for root (publickey)").after(31ms);
    CHECK(denied.line() == "authentication: denied for root (publickey) after 31 ms");
    CHECK(Error(Code::lost, Stage::none, "").line() == "lost");
}

TEST_CASE("what another machine said is not in the line, it may hold anything") {
    CHECK(Error(Code::protocol, Stage::banner, "no SSH").said("\x1b[2J").line() == "banner: no SSH");
}

TEST_CASE("an outcome tells what it is and does not tell what it is not") {
    const Error why(Code::lost, Stage::command, "connection reset");
    const Outcome exited(Exited{3}), signalled(Signalled{"KILL", true}), timed(TimedOut{Known::yes, 10s}),
        lost(Lost{Known::unknown, why}), refused(Refused{why});
    CHECK(exited.slug() == "exited");
    CHECK(exited.exit_code() == 3);
    CHECK_FALSE(exited.ok());
    CHECK(Outcome(Exited{0}).ok());
    CHECK(exited.line() == "exited 3");
    CHECK(signalled.signal() == "KILL");
    CHECK_FALSE(signalled.exit_code());
    CHECK(signalled.line() == "ended by SIGKILL (core dumped)");
    CHECK(timed.line() == "timed out after 10 s; killed: yes");
    CHECK(timed.may_have_run() == Known::yes);
    CHECK(lost.may_have_run() == Known::unknown);
    CHECK(lost.line() == "lost; may have run: unknown; command: connection reset");
    CHECK(lost.why()->code() == Code::lost);
    CHECK(refused.may_have_run() == Known::no);
    CHECK(refused.slug() == "refused");
    CHECK_FALSE(exited.why());
}

TEST_CASE("a target's name can be pasted back") {
    CHECK(Target("web-1").user("root").name() == "root@web-1:22");
    CHECK(Target("::1").port(2222).name() == "[::1]:2222");
}

TEST_CASE("a span is said as people say it") {
    CHECK(spoken(0ms) == "0 ms");
    CHECK(spoken(999ms) == "999 ms");
    CHECK(spoken(2449ms) == "2.4 s");
    CHECK(spoken(45s) == "45 s");
    CHECK(spoken(200s) == "3 min 20 s");
    CHECK(spoken(2h + 5min) == "2 h 5 min");
    CHECK(spoken(76h) == "3 d 4 h");
    CHECK(spoken(-5s) == "-5.0 s");
}

TEST_CASE("a level is one of three words") {
    CHECK(parse_level("thorough") == Level::thorough);
    CHECK_FALSE(parse_level("deep"));
    CHECK_FALSE(parse_level(""));
}
