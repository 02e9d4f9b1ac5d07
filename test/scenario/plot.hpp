// SPDX-License-Identifier: Apache-2.0
// What can go wrong in an episode, each under the slug of the cause that a diagnosis should find.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "scenario.hpp"
#include "sim/random.hpp"

namespace vmc::test {

/// Where a plot is played.
class Scene {
public:
    Scene(Scenario& scenario, sim::SimRandom& chance) : world(scenario.world), host(scenario.host), random(chance) {}
    Scene(const Scene&) = delete;

    sim::World& world;
    sim::SimHost& host;
    sim::SimRandom& random;

    /// From now on, for good.
    void begins(const sim::Fault& fault) const { fault.plan(host); }
    /// One of `count` variants, 0 … count-1, all equally likely.
    std::uint64_t variant(std::uint64_t count) {
        const auto drawn = sim::pick(random, count);
        kind += std::to_string(drawn);
        return drawn;
    }
    /// The variants that were drawn, "20" for the third and then the first: what a table counts apart.
    std::string kind;

    /// Uniform between the two.
    double between(double from, double to) {
        return from + (to - from) * static_cast<double>(sim::pick(random, 1'000'000)) / 1e6;
    }
    Duration seconds_between(double from, double to) {
        return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(between(from, to)));
    }
};

class Plot {
public:
    /// What it needs to make sense: a session or a host key from before, or a forwarder in front.
    enum class Needs { nothing, acquaintance, forwarder };

    std::string_view cause;
    int weight = 1;  ///< how often it is drawn
    Needs needs = Needs::nothing;
    void (*begin)(Scene&) = nullptr;
};

/// All but "none".
[[nodiscard]] const std::vector<Plot>& plots();
/// What is true of a machine now on which this cause began: a boot comes to its end, a shutdown too.
[[nodiscard]] std::string cause_now(std::string_view begun, const sim::SimHost& host);

}  // namespace vmc::test
