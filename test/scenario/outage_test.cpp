// SPDX-License-Identifier: Apache-2.0
// When everything is lost at once it is more likely us: no VM is said to be down.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "health/check.hpp"
#include "scenario.hpp"

namespace vmc::test {

using namespace std::chrono_literals;

namespace {

/// A hundred VMs that one process looks after, all well and known.
class Fleet {
public:
    Fleet() {
        for (int i = 0; i < 100; ++i) {
            const std::string name = "web-" + std::to_string(i);
            (void)world.host(name);
            links.push_back(std::make_unique<link::Link>(ports(), Target(name).user("alice").key("key"), nullptr));
            REQUIRE(world.run(links.back()->connect()).has_value());
        }
        (void)look();
        world.run_for(40s);
    }
    ~Fleet() {
        for (const auto& link : links) world.run(link->close());
    }
    Fleet(const Fleet&) = delete;

    /// At all of them at once.
    std::vector<Diagnosis> look() {
        std::vector<sim::Pending<Diagnosis>> looks;
        for (const auto& link : links) looks.push_back(world.start(health::diagnose(ports(), world.prober(), *link)));
        world.run_until([&] { return std::ranges::all_of(looks, &sim::Pending<Diagnosis>::done); });
        std::vector<Diagnosis> seen;
        for (auto& each : looks) seen.push_back(std::move(each.value()));
        return seen;
    }
    link::Ports ports() {
        return {world.executor(), world.clock(), world.random(), world.transport(), world.store(), doors, company};
    }

    sim::World world;
    link::Doors doors{world.executor()};
    link::Company company;
    std::vector<std::unique_ptr<link::Link>> links;
};

}  // namespace

TEST_CASE("of a hundred VMs that are lost at once with our uplink none is said to be down") {
    Fleet fleet;
    const auto count = [](const auto& seen, auto is_so) { return std::ranges::count_if(seen, is_so); };
    const auto claimed = [](const Diagnosis& one) { return one.health.claim; };
    const auto ours = [](const Diagnosis& one) {
        return std::ranges::any_of(one.hypotheses, [](const auto& each) { return each.cause == "observer-offline"; });
    };
    const auto well = [](const Diagnosis& one) { return one.health.cause == "none" && one.health.claim; };

    fleet.world.network().begin_gateway_down();
    fleet.world.run_for(30s);
    auto seen = fleet.look();
    std::printf("gateway down: %zu VMs, %td claims, %td name us\n", seen.size(), count(seen, claimed),
                count(seen, ours));
    CHECK(count(seen, claimed) == 0);
    CHECK(count(seen, ours) == 100);
    fleet.world.network().end_gateway_down();
    fleet.world.run_for(2min);
    CHECK(count(fleet.look(), well) == 100);

    // Our gateway answers, and none of the others does.
    fleet.world.network().begin_uplink_cut();
    fleet.world.run_for(30s);
    seen = fleet.look();
    std::printf("uplink cut: %zu VMs, %td claims, %td name us\n", seen.size(), count(seen, claimed), count(seen, ours));
    CHECK(count(seen, claimed) == 0);
    CHECK(count(seen, ours) == 100);
    fleet.world.network().end_uplink_cut();
    fleet.world.run_for(2min);
    CHECK(count(fleet.look(), well) == 100);
}

}  // namespace vmc::test
