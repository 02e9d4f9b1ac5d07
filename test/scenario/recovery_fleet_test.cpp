// SPDX-License-Identifier: Apache-2.0
// What befalls many at once is rarely theirs.
#include <doctest/doctest.h>

#include <algorithm>

#include "recovery/climb.hpp"
#include "scenario.hpp"
#include "sim/power_switch.hpp"
#include "sweep.hpp"

namespace vmc::test {

using namespace std::chrono_literals;
using sim::SimPowerSwitch;

namespace {

/// Their switches are cut off with them, or are reached by another way: then nothing but that they fell silent together
/// speaks against a step.
void fall_silent_together(int vms, bool another_way) {
    Scenario s;
    (void)s.world.network().gateway();
    std::vector<std::unique_ptr<link::Link>> links;
    std::vector<std::unique_ptr<SimPowerSwitch>> switches;
    std::vector<std::unique_ptr<recovery::Climb>> climbs;
    std::vector<sim::Pending<Recovery>> ends;
    for (int i = 0; i < vms; ++i) {
        const auto name = "vm-" + std::to_string(i);
        auto& host = s.world.host(name);
        switches.push_back(std::make_unique<SimPowerSwitch>(s.world, host));
        switches.back()->another_way = another_way;
        auto target = Target(name).user("alice").key("key");
        links.push_back(std::make_unique<link::Link>(s.ports(), std::move(target), nullptr));
        ends.push_back({});
    }
    std::vector<sim::Pending<Result<void>>> ups;
    for (auto& link : links) ups.push_back(s.world.start(link->connect()));
    REQUIRE(
        s.world.run_until([&] { return std::ranges::all_of(ups, [](const auto& up) { return up.done(); }); }, 10min));
    for (auto& up : ups) REQUIRE(up.value().has_value());
    s.world.run_for(5s);
    s.world.network().begin_uplink_cut();
    // Long past the silence that one VM alone would need.
    const auto policy = RecoveryPolicy().silence(20s).within(90s);
    for (int i = 0; i < vms; ++i) {
        const auto at = static_cast<std::size_t>(i);
        climbs.push_back(std::make_unique<recovery::Climb>(s.ports(), s.world.prober(), *links[at], switches[at].get(),
                                                           nullptr, policy, nullptr));
        ends[at] = s.world.start(climbs.back()->run());
    }
    CHECK(s.world.run_until([&] { return std::ranges::all_of(ends, [](const auto& one) { return one.done(); }); }, 2h));
    std::size_t orders = 0, recovered = 0;
    for (const auto& one : switches) orders += one->orders().size();
    for (auto& one : ends) recovered += one.done() && one.value().recovered ? 1 : 0;
    CHECK(orders == 0);
    CHECK(recovered == 0);
    MESSAGE(vms << " VMs, their switches " << std::string(another_way ? "within reach: " : "cut off with them: ")
                << orders << " orders");
    for (auto& link : links) s.world.run(link->close());
}

}  // namespace

TEST_CASE("VMs that fall silent in one second were cut off by us: no step against any of them") {
    // A thousand with VMC_SWEEP=full.
    const Sweep sweep("VMs that fall silent in one second*", 100);
    const auto vms = static_cast<int>(sweep.last() - sweep.first() + 1);
    for (const bool another_way : {false, true}) fall_silent_together(vms, another_way);
}

TEST_CASE("of a fleet no more than its share is being restarted at once, and all come back") {
    constexpr std::size_t vms = 20, fleet = 40;  // half of it has lost its power: two at once
    Scenario s;
    (void)s.world.network().gateway();
    std::vector<std::unique_ptr<link::Link>> links;
    std::vector<std::unique_ptr<SimPowerSwitch>> switches;
    std::vector<std::unique_ptr<recovery::Climb>> climbs;
    std::vector<sim::Pending<Recovery>> ends;
    std::size_t acting = 0, most = 0, began = 0;
    for (std::size_t i = 0; i < vms; ++i) {
        const auto name = "vm-" + std::to_string(i);
        auto& host = s.world.host(name);
        switches.push_back(std::make_unique<SimPowerSwitch>(s.world, host));
        auto target = Target(name).user("alice").key("key");
        links.push_back(std::make_unique<link::Link>(s.ports(), std::move(target), nullptr));
        REQUIRE(s.world.run(links.back()->connect()).has_value());
    }
    for (std::size_t i = 0; i < vms; ++i) s.world.host("vm-" + std::to_string(i)).power_off();
    for (std::size_t i = 0; i < vms; ++i) {
        const auto tell = [&, down = false](const RecoveryNews& news) mutable {
            if (news.event == "began") down = news.text.starts_with("power-cycle");
            if (news.event == "began" && down) ++began, most = std::max(most, ++acting);
            // Others wait until it is back, or has had its time to be.
            if (news.event == "looked" && down) --acting, down = false;
        };
        const auto policy = RecoveryPolicy().fleet_size(fleet);
        climbs.push_back(std::make_unique<recovery::Climb>(s.ports(), s.world.prober(), *links[i], switches[i].get(),
                                                           nullptr, policy, tell));
        ends.push_back(s.world.start(climbs.back()->run()));
    }
    CHECK(s.world.run_until([&] { return std::ranges::all_of(ends, [](const auto& one) { return one.done(); }); }, 2h));
    for (auto& one : ends) CHECK((one.done() && one.value().recovered));
    CHECK(most <= 2);
    CHECK(began == vms);
    MESSAGE(began << " power actions, at most " << most << " at once");
    for (auto& link : links) s.world.run(link->close());
}

}  // namespace vmc::test
