// SPDX-License-Identifier: Apache-2.0
// What the command line says to a script: spans of time read, exit codes and causes given.
#include <doctest/doctest.h>

#include "model/cause.hpp"
#include "model/check_code.hpp"
#include "model/span_text.hpp"

using namespace vmc;
using namespace std::chrono_literals;

TEST_CASE("spans are read as people write them") {
    CHECK(model::parse_span("90") == 90s);
    CHECK(model::parse_span("2.5") == 2500ms);
    CHECK(model::parse_span("250ms") == 250ms);
    CHECK(model::parse_span("5m") == 5min);
    CHECK(model::parse_span("5min") == 5min);
    CHECK(model::parse_span("2h") == 2h);
    CHECK(model::parse_span("1d") == 24h);
    CHECK(model::parse_span("0") == 0s);
    for (const auto* text : {"", "soon", "-5", "+5", "5 m", "5x", "1e9", "9999999999999", "nan", "inf", ".5", "5m3s"}) {
        CAPTURE(text);
        CHECK_FALSE(model::parse_span(text));
    }
}

TEST_CASE("check says 3 when it is we who cannot see") {
    const auto code = [](Verdict verdict, const char* cause) {
        Health health;
        health.verdict = verdict;
        health.cause = cause;
        return model::check_code_of(health);
    };
    CHECK(code(Verdict::healthy, "none") == 0);
    CHECK(code(Verdict::degraded, "disk-full") == 1);
    CHECK(code(Verdict::throttled, "throttled") == 1);
    CHECK(code(Verdict::unreachable, "path-dead") == 2);
    CHECK(code(Verdict::off, "vm-off") == 2);
    CHECK(code(Verdict::crashed, "kernel-dead") == 2);
    CHECK(code(Verdict::unknown, "unknown") == 3);
    CHECK(code(Verdict::degraded, "auth-denied") == 3);
    CHECK(code(Verdict::unreachable, "host-key-changed") == 3);
    CHECK(code(Verdict::unreachable, "observer-offline") == 3);
}

TEST_CASE("only a new life of the same machine is a reboot to a script") {
    for (const auto change : {BootChange::none, BootChange::pause}) CHECK(model::check_code_of(change) == 0);
    for (const auto change : {BootChange::reboot, BootChange::reboot_at_least_once, BootChange::crash_reboot,
                              BootChange::kexec, BootChange::soft_reboot})
        CHECK(model::check_code_of(change) == 10);
    for (const auto change : {BootChange::snapshot_revert, BootChange::re_imaged, BootChange::other_machine,
                              BootChange::ambiguous, BootChange::unknown})
        CHECK(model::check_code_of(change) == 3);
}

TEST_CASE("silence before TCP has answered proves nothing, after it somebody is stuck") {
    const auto cause = [](Code code, Stage stage) { return model::cause_of(Error(code, stage, "")); };
    CHECK(cause(Code::timed_out, Stage::tcp) == "unknown");
    CHECK(cause(Code::timed_out, Stage::banner) == "sshd-hung");
    CHECK(cause(Code::refused, Stage::tcp) == "sshd-down");
    CHECK(cause(Code::unknown_name, Stage::resolve) == "dns");
    CHECK(cause(Code::auth_held, Stage::authentication) == "auth-denied");
    CHECK(model::cause_of(Outcome(Exited{7, false})) == "none");
    CHECK(model::cause_of(Outcome(Refused{Error(Code::host_key_changed, Stage::host_key, "")})) == "host-key-changed");
}
