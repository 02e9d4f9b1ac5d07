// SPDX-License-Identifier: Apache-2.0
#include "model/exit_code.hpp"

#include <doctest/doctest.h>

using namespace vmc;
using namespace vmc::model;

namespace {
Error failure(Code code) { return Error(code, Stage::tcp, ""); }
}  // namespace

TEST_CASE("a command that ended by itself hands its exit code through") {
    CHECK(exit_code_of(Outcome(Exited{0})) == 0);
    CHECK(exit_code_of(Outcome(Exited{3, true})) == 3);
    CHECK(exit_code_of(Outcome(Exited{255})) == 255);
}

TEST_CASE("a signal is 128 and its number, as in a shell") {
    CHECK(exit_code_of(Outcome(Signalled{"KILL"})) == 137);
    CHECK(exit_code_of(Outcome(Signalled{"TERM"})) == 143);
    CHECK(exit_code_of(Outcome(Signalled{"SIG@openssh.com"})) == 128);
    CHECK(signal_number("SIGINT") == 2);
    CHECK(signal_number("SYS") == 31);
    CHECK_FALSE(signal_number("SIG"));
    CHECK_FALSE(signal_number("NOPE"));
}

TEST_CASE("a timeout, a loss and a refusal have codes of their own") {
    CHECK(exit_code_of(Outcome(TimedOut{})) == 124);
    CHECK(exit_code_of(Outcome(Lost{Known::unknown, failure(Code::lost)})) == 255);
    for (const Code code : {Code::host_key_changed, Code::auth_denied, Code::auth_held, Code::refused, Code::timed_out})
        CHECK(exit_code_of(Outcome(Refused{failure(code)})) == 255);
    CHECK(exit_code_of(Outcome(Refused{failure(Code::bad_request)})) == 64);
    CHECK(exit_code_of(Outcome(Refused{failure(Code::local)})) == 125);
    CHECK(exit_code_of(failure(Code::cancelled)) == 130);
}
