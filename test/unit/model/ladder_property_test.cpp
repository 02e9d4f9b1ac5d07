// SPDX-License-Identifier: Apache-2.0
// What holds of every decision, whatever is known and was done.
#include <algorithm>
#include <cstdint>
#include <random>

#include <doctest/doctest.h>

#include "model/ladder.hpp"

using namespace vmc;
using namespace vmc::model;
using namespace std::chrono_literals;
using What = Decision::What;

namespace {

const Instant noon = Instant{} + 100h;

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
        if (chance.one_in(3))
            deeds.rungs.push_back({static_cast<Rung>(i), chance.ago(2000), false, chance.one_in(2), chance.one_in(2)});
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
    std::size_t acted = 0, destructive = 0, by_power = 0, went_on = 0;
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
        const auto cycle = std::ranges::find(deeds.rungs, Rung::power_cycle, &Deeds::Taken::rung);
        const bool goes_on =
            cycle != deeds.rungs.end() && decision.rung == Rung::power_cycle;  // turned off, and no more
        if (goes_on)
            REQUIRE((cycle->turns_off && !cycle->carried_out && is.power == PowerState::off && proven_dead(is)));
        for (const auto& taken : deeds.rungs) REQUIRE((goes_on || decision.rung > taken.rung));
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
        went_on += goes_on ? 1 : 0;
        if (goes_on) continue;
        REQUIRE((proven_dead(is) || silent_long_enough(is, policy)));
        REQUIRE((deeds.power_actions.empty() || noon - deeds.power_actions.back() >= policy.between()));
        REQUIRE(fleet.in_action < std::max<std::size_t>(1, fleet.size / 20));
    }
    CHECK(by_power > 500);
    CHECK(went_on > 50);
    MESSAGE(tries << " decisions, " << acted << " of them a step, " << destructive << " take the VM down, " << by_power
                  << " by its power, " << went_on << " of them a cycle that was cut short");
}
