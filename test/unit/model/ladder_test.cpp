// SPDX-License-Identifier: Apache-2.0
#include "model/ladder.hpp"

#include <algorithm>
#include <random>

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

namespace {

const char* const causes[] = {"unknown",          "none",          "vm-off",           "kernel-dead",
                              "path-dead",        "sshd-down",     "sshd-hung",        "fork-failure",
                              "read-only-root",   "disk-full",     "booting",          "auth-denied",
                              "observer-offline", "other-machine", "dump-in-progress", "userspace-stuck"};

/// One draw decides all; the number of the try is the seed.
class Chance {
public:
    explicit Chance(std::uint64_t seed) : engine_(seed) {}
    std::size_t below(std::size_t count) { return engine_() % count; }
    bool one_in(std::size_t count) { return below(count) == 0; }
    Instant ago(std::size_t seconds) { return noon - std::chrono::seconds(below(seconds)); }

private:
    std::mt19937_64 engine_;
};

Condition any_condition(Chance& chance) {
    Condition condition;
    condition.verdict = static_cast<Verdict>(chance.below(7));
    condition.claim = !chance.one_in(3);
    condition.cause = causes[chance.below(std::size(causes))];
    condition.ours = chance.one_in(6) ? 0.5 : 0;
    condition.stranger = chance.one_in(8);
    condition.runs_commands = chance.one_in(2);
    condition.as_root = !chance.one_in(3);
    if (!chance.one_in(7)) condition.power = static_cast<PowerState>(chance.below(6));
    condition.can_nmi = chance.one_in(2);
    if (chance.one_in(2)) condition.silent_since = chance.ago(1200);
    condition.silent_sources = static_cast<int>(chance.below(4));
    return condition;
}

Deeds any_deeds(Chance& chance) {
    Deeds deeds;
    for (int i = 0; i < 6; ++i)
        if (chance.one_in(3)) deeds.rungs.push_back({static_cast<Rung>(i), chance.ago(2000)});
    for (auto left = chance.below(4); left > 0; --left) deeds.power_actions.push_back(chance.ago(100'000));
    std::ranges::sort(deeds.power_actions);
    for (auto left = chance.below(4); left > 0; --left) deeds.reboots.push_back(chance.ago(100'000));
    std::ranges::sort(deeds.reboots);
    deeds.in_flight = chance.one_in(8);
    return deeds;
}

bool proven_ill(const Condition& is) {
    return is.runs_commands && is.as_root && is.claim && is.verdict == Verdict::degraded;
}
bool proven_dead(const Condition& is) {
    return (is.power == PowerState::off || is.power == PowerState::panicked) && is.silent_since &&
           noon - *is.silent_since >= 5s;
}
bool silent_long_enough(const Condition& is, const RecoveryPolicy& policy) {
    return !is.runs_commands && is.power == PowerState::on && is.silent_since && is.silent_sources >= 2 &&
           noon - *is.silent_since >= policy.silence();
}

}  // namespace

TEST_CASE("whatever is known and was done: no rung twice, none against a veto, none that takes a VM down unproven") {
    constexpr std::uint64_t tries = 200'000;
    std::size_t acted = 0, destructive = 0, by_power = 0;
    for (std::uint64_t seed = 1; seed <= tries; ++seed) {
        CAPTURE(seed);
        Chance chance(seed);
        const auto is = any_condition(chance);
        const auto deeds = any_deeds(chance);
        RecoveryPolicy policy;
        policy.up_to(static_cast<Rung>(chance.one_in(3) ? chance.below(6) : 5));
        Fleet fleet;
        fleet.size = 1 + chance.below(100);
        fleet.failed = 1 + chance.below(fleet.size);
        fleet.in_action = chance.below(4);
        const auto decision = next_rung(is, fleet, policy, deeds, noon);
        REQUIRE_FALSE(decision.reason.empty());
        if (decision.what == What::wait) REQUIRE(decision.until > noon);
        if (decision.what != What::act) continue;
        ++acted;
        REQUIRE(decision.rung <= policy.up_to());
        for (const auto& taken : deeds.rungs) REQUIRE(decision.rung > taken.rung);
        REQUIRE_FALSE((is.verdict == Verdict::healthy && is.claim));
        REQUIRE_FALSE((deeds.in_flight || is.stranger || is.ours > 0));
        REQUIRE_FALSE((is.power == PowerState::paused || is.power == PowerState::dumping));
        REQUIRE_FALSE((fleet.size >= 4 && fleet.failed * 2 > fleet.size));
        if (!is_destructive(decision.rung)) continue;
        ++destructive;
        if (decision.rung < Rung::nmi) {
            REQUIRE(proven_ill(is));
            const bool soon = !deeds.reboots.empty() && noon - deeds.reboots.back() < policy.between();
            REQUIRE_FALSE((decision.rung == Rung::reboot && soon));
            continue;
        }
        ++by_power;
        REQUIRE((proven_dead(is) || silent_long_enough(is, policy)));
        REQUIRE((deeds.power_actions.empty() || noon - deeds.power_actions.back() >= policy.between()));
        REQUIRE(fleet.in_action < std::max<std::size_t>(1, fleet.size / 20));
    }
    CHECK(by_power > 500);
    MESSAGE(tries << " decisions, " << acted << " of them a step, " << destructive << " take the VM down, " << by_power
                  << " by its power");
}
