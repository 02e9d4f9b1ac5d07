// SPDX-License-Identifier: Apache-2.0
// A VM that is lost, and who brings it back.
#pragma once

#include <doctest/doctest.h>

#include <vector>

#include "model/incident.hpp"
#include "model/incident_text.hpp"
#include "recovery/climb.hpp"
#include "scenario.hpp"
#include "sim/power_switch.hpp"

namespace vmc::test {

using namespace std::chrono_literals;
using sim::Fault;
using sim::SimPowerSwitch;
using sim::Trouble;

inline constexpr Duration never_ending = 24h;

/// A VM that we know and that was well, with a power switch; the trouble begins now.
class Lost : public Scenario {
public:
    explicit Lost(SimPowerSwitch::Flaw flaw = SimPowerSwitch::Flaw::none, std::uint64_t seed = 1,
                  Target whom = Target("web-1"))
        : Scenario(seed, std::move(whom)), power(world, host, flaw) {
        host.boot_heals = true;
        (void)world.network().gateway();
        REQUIRE(online());
        (void)world.run(health::diagnose(ports(), world.prober(), *link));
        world.run_for(5s);
        began = world.now();
    }
    Async<Recovery> climb(RecoveryPolicy policy) {
        auto tell = [this](const RecoveryNews& news) { world.story().tell(news.event, news.text); };
        recovery::Climb one(ports(), world.prober(), *link, &power, nullptr, policy, tell);
        co_return co_await one.run();
    }
    Recovery recover(RecoveryPolicy policy = {}) { return world.run(climb(policy)); }
    [[nodiscard]] model::Incident incident() {
        const auto record = world.store().read(model::incident_record_name(target));
        return model::Incident::parse((*record).value_or("")).value();
    }
    [[nodiscard]] std::vector<Rung> rungs(const Recovery& done) const {
        std::vector<Rung> all;
        for (const auto& step : done.steps)
            if (step.rung != Rung::look_again) all.push_back(step.rung);
        return all;
    }

    SimPowerSwitch power;
    Instant began;
};

using Rungs = std::vector<Rung>;

}  // namespace vmc::test
