// SPDX-License-Identifier: Apache-2.0
#include "model/ladder.hpp"

#include <algorithm>

#include <doctest/doctest.h>

using namespace vmc;
using namespace vmc::model;
using namespace std::chrono_literals;
using What = Decision::What;

namespace {

const Instant noon = Instant{} + 100h;

Condition silent(Duration span = 10min) {
    Condition condition;
    condition.verdict = Verdict::unreachable;
    condition.power = PowerState::on;
    condition.silent_since = noon - span;
    condition.silent_sources = 2;
    return condition;
}

Condition ill(std::string cause) {
    Condition condition;
    condition.verdict = Verdict::degraded;
    condition.claim = true;
    condition.cause = std::move(cause);
    condition.runs_commands = condition.as_root = true;
    condition.power = PowerState::on;
    return condition;
}

/// All rungs up to this one were taken, long ago.
Deeds after(Rung last) {
    Deeds deeds;
    for (int i = 0; i <= static_cast<int>(last); ++i) deeds.rungs.push_back({static_cast<Rung>(i), noon - 1h});
    return deeds;
}

Decision decide(const Condition& condition, const Deeds& deeds = after(Rung::look_again),
                const RecoveryPolicy& policy = {}, const Fleet& fleet = {}) {
    return next_rung(condition, fleet, policy, deeds, noon);
}

bool acts(const Decision& decision, Rung rung) { return decision.what == What::act && decision.rung == rung; }

}  // namespace

TEST_CASE("the names of the rungs read back") {
    for (int i = 0; i < 6; ++i) CHECK(parse_rung(slug(static_cast<Rung>(i))) == static_cast<Rung>(i));
    CHECK_FALSE(parse_rung("power").has_value());
}

TEST_CASE("before anything is done it is looked at once more, and what is well is left alone") {
    CHECK(acts(decide(silent(), Deeds{}), Rung::look_again));
    Condition well;
    well.verdict = Verdict::healthy;
    CHECK(decide(well).what != What::recovered);  // observed is not proven
    well.claim = true;
    CHECK(decide(well).what == What::recovered);
}

TEST_CASE("what a session can mend is mended from inside, then rebooted, then by sysrq") {
    auto condition = ill("sshd-hung");
    CHECK(acts(decide(condition), Rung::repair));
    CHECK(acts(decide(condition, after(Rung::repair)), Rung::reboot));
    CHECK(acts(decide(condition, after(Rung::reboot)), Rung::sysrq));
    CHECK(decide(condition, after(Rung::sysrq)).what == What::give_up);  // it runs commands: its power stays on
    condition.as_root = false;
    CHECK(acts(decide(condition), Rung::repair));
    CHECK(decide(condition, after(Rung::repair)).what == What::give_up);
    CHECK(acts(decide(ill("read-only-root")), Rung::reboot));  // nothing to repair
}

TEST_CASE("what is only suspected is repaired where that harms nobody, and never rebooted") {
    auto odd = ill("unknown");
    CHECK(decide(odd).what == What::give_up);
    odd.suspected = "port-filtered";
    const auto first = decide(odd);
    CHECK(acts(first, Rung::repair));
    CHECK(first.reason == "port-filtered by the look of it, and a session runs commands");
    auto tried = after(Rung::repair);
    tried.rungs.back().suspected = true;  // and now it is named, and is something else
    CHECK(decide(ill("sshd-down"), tried).what == What::give_up);
    CHECK(acts(decide(ill("read-only-root"), tried), Rung::reboot));
    CHECK(acts(decide(ill("sshd-down"), after(Rung::repair)), Rung::reboot));
    odd.suspected = "fork-failure";
    odd.runs_commands = false;
    CHECK(decide(odd).what == What::give_up);
    odd.rescue = true;
    CHECK(acts(decide(odd), Rung::repair));
    CHECK(decide(odd, after(Rung::repair)).what == What::give_up);
}

TEST_CASE("a shell that was kept ready repairs a full process table and nothing else") {
    for (const char* cause : {"sshd-down", "port-filtered", "fork-failure"}) {
        auto is = ill(cause);
        is.runs_commands = is.as_root = false;
        CHECK(decide(is).what == What::give_up);
        is.rescue = true;
        CHECK(acts(decide(is), Rung::repair) == (is.cause == "fork-failure"));
    }
}

TEST_CASE("an illness that is only observed, or that starting anew does not mend, is rebooted by nobody") {
    auto condition = ill("kernel-fault");
    condition.claim = false;
    CHECK(decide(condition).what == What::give_up);
    for (const char* cause : {"disk-full", "auth-denied", "clock-stepped", "slow"}) {
        CAPTURE(cause);
        CHECK(decide(ill(cause)).what == What::give_up);
    }
    for (const char* cause : {"booting", "shutting-down", "throttled"}) {
        CAPTURE(cause);
        CHECK(decide(ill(cause)).what == What::wait);
    }
}

TEST_CASE("silence alone is waited out, and only two sources are enough") {
    CHECK(acts(decide(silent()), Rung::power_cycle));
    const auto early = decide(silent(2min));
    CHECK(early.what == What::wait);
    CHECK(early.until == noon + 3min);
    auto one_source = silent();
    one_source.silent_sources = 1;
    CHECK(decide(one_source).what == What::wait);
    auto no_switch = silent();
    no_switch.power = std::nullopt;
    CHECK(decide(no_switch).what == What::give_up);
    auto mute_switch = silent();
    mute_switch.power = PowerState::unknown;
    CHECK(decide(mute_switch).what == What::wait);
    auto with_nmi = silent();
    with_nmi.can_nmi = true;
    CHECK(acts(decide(with_nmi), Rung::nmi));
    CHECK(acts(decide(with_nmi, after(Rung::nmi)), Rung::power_cycle));
    RecoveryPolicy lab;
    lab.silence(20s);
    CHECK(acts(decide(silent(30s), after(Rung::look_again), lab), Rung::power_cycle));
}

TEST_CASE("what is proven to be off or panicked is waited for by nobody") {
    for (const PowerState power : {PowerState::off, PowerState::panicked}) {
        auto condition = silent(6s);
        condition.power = power;
        condition.silent_sources = 0;
        CHECK(acts(decide(condition), Rung::power_cycle));
        condition.silent_since = noon - 1s;  // one look more, so that it is no slip
        CHECK(decide(condition).what == What::wait);
        condition.silent_since.reset();  // a switch of another machine says so
        CHECK(decide(condition).what != What::act);
    }
}

TEST_CASE("a VM that is paused, dumps, or is another one is left alone, and so is one when we are in doubt") {
    auto paused = silent();
    paused.power = PowerState::paused;
    CHECK(decide(paused).what == What::give_up);
    auto dumping = silent();
    dumping.power = PowerState::dumping;
    CHECK(decide(dumping).what == What::wait);
    auto stranger = silent();
    stranger.stranger = true;
    CHECK(decide(stranger).what == What::give_up);
    auto ours = silent();
    ours.ours = 0.3;
    CHECK(decide(ours).what == What::wait);
    auto busy = after(Rung::look_again);
    busy.in_flight = true;
    CHECK(decide(silent(), busy).what == What::wait);
    CHECK(decide(silent(), after(Rung::look_again), {}, {1000, 501, 0}).what == What::wait);
    CHECK(acts(decide(silent(), after(Rung::look_again), {}, {1000, 499, 49}), Rung::power_cycle));
    CHECK(decide(silent(), after(Rung::look_again), {}, {1000, 499, 50}).what == What::wait);
}

TEST_CASE("a power action has a budget, and a step the time to take effect") {
    auto deeds = after(Rung::look_again);
    deeds.power_actions = {noon - 5min};
    const auto soon = decide(silent(), deeds);
    CHECK(soon.what == What::wait);
    CHECK(soon.until == noon + 10min);
    deeds.power_actions = {noon - 23h, noon - 2h, noon - 1h};
    CHECK(decide(silent(), deeds).what == What::give_up);
    deeds.power_actions = {noon - 25h, noon - 2h, noon - 1h};
    CHECK(acts(decide(silent(), deeds), Rung::power_cycle));
    auto fresh = after(Rung::repair);
    fresh.rungs.back().at = noon - 1min;
    CHECK(decide(ill("sshd-hung"), fresh).what == What::wait);
    RecoveryPolicy gentle;
    gentle.up_to(Rung::reboot);
    CHECK(decide(silent(), after(Rung::look_again), gentle).what == What::give_up);
}

TEST_CASE("a power cycle that came no further than off is gone on with at once, once, and only while it is off") {
    auto off = silent(1min);
    off.power = PowerState::off;
    auto cut_short = after(Rung::power_cycle);
    CHECK(decide(off, cut_short).what == What::give_up);  // it was off before
    cut_short.rungs.back().turns_off = true;
    auto decision = decide(off, cut_short);
    CHECK(acts(decision, Rung::power_cycle));
    CHECK(decision.reason.contains("cut short"));
    auto deeds = cut_short;
    deeds.power_actions.push_back(noon - 10s);  // its first half
    CHECK(acts(decide(off, deeds), Rung::power_cycle));
    deeds.in_flight = true;
    CHECK(decide(off, deeds).what == What::wait);
    deeds.in_flight = false;
    deeds.rungs.push_back({Rung::power_cycle, noon - 30min});
    CHECK(decide(off, deeds).what == What::give_up);
    auto carried_out = cut_short;
    carried_out.rungs.back().carried_out = true;  // a person turned it off after that
    CHECK(decide(off, carried_out).what == What::give_up);
    CHECK(decide(silent(), cut_short).what == What::give_up);
    CHECK(decide(off, cut_short, RecoveryPolicy().up_to(Rung::nmi)).what == What::give_up);
}

TEST_CASE("an NMI has a budget of its own, and holds up no power cycle") {
    auto dead = silent();
    dead.can_nmi = true;
    auto deeds = after(Rung::look_again);
    deeds.nmis = {noon - 10min};
    CHECK(acts(decide(dead, deeds), Rung::power_cycle));  // the NMI is not yet allowed again
    deeds.nmis = {noon - 3h, noon - 2h, noon - 1h};
    CHECK(acts(decide(dead, deeds), Rung::power_cycle));
    deeds.nmis = {noon - 3h};
    CHECK(acts(decide(dead, deeds), Rung::nmi));
}

TEST_CASE("a port that is closed, and no session: it may be booting, and is given up when it had its time") {
    Condition closed;
    closed.verdict = Verdict::unreachable;
    closed.claim = true;
    closed.cause = "sshd-down";
    closed.power = PowerState::on;
    Deeds deeds;
    deeds.rungs = {{Rung::look_again, noon - 10s}};
    CHECK(decide(closed, deeds).what == What::wait);
    deeds.rungs = {{Rung::look_again, noon - 3min}};
    CHECK(decide(closed, deeds).what == What::give_up);
}
