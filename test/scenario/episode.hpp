// SPDX-License-Identifier: Apache-2.0
// One story with a label: what is wrong with a machine, and when somebody looks at it. The mix and the
// habits are stated in plot.cpp and episode.cpp; a diagnosis is counted and judged over many of them.
//
//     Episode episode(seed);
//     episode.sample([&](Episode& e) {
//         auto diagnosis = e.world().run(health::diagnose(e.ports(), e.prober(), e.link()));
//         … e.truth().cause …
//     });
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "plot.hpp"
#include "scenario.hpp"

namespace vmc::test {

/// At the instant of a sample.
struct Truth {
    std::string cause;    ///< a stable slug; of events that are over (a killed session) until the episode ends
    bool alive = true;    ///< the machine's kernel and its programs run and make progress
    std::string setting;  ///< "direct", "local" or "forwarded"
};

/// One seed, one episode.
class Episode {
public:
    using Look = std::function<void(Episode&)>;

    explicit Episode(std::uint64_t seed);
    ~Episode();

    /// Plays until the first sample. Where we know the machine: connects, works with it for some minutes,
    /// has one look at it (a thorough check, or what is given) while all is well; then the fault begins.
    void warm_up(const Look& get_acquainted = {});
    /// One to three looks, 0 to 120 s after the fault began, early ones more often. Each finds truth() as it is
    /// when it begins; what it takes delays the next one. Warms up when that was not done.
    void sample(const Look& look);
    [[nodiscard]] const Truth& truth() const noexcept { return truth_; }
    /// Which kind of its cause, and how the VM is really reached: "direct-20".
    [[nodiscard]] std::string kind() const { return truth_.setting + "-" + scene_.kind; }
    /// Makes truth() what it is now: a look takes seconds, and speaks of its end.
    void judge();
    /// Since the fault began.
    [[nodiscard]] Duration since() { return world().now() - began_; }
    /// There was a session before the fault. Else the first sample is the first contact.
    [[nodiscard]] bool acquainted() const noexcept { return acquainted_; }

    [[nodiscard]] sim::World& world() { return scenario_.world; }
    [[nodiscard]] sim::SimHost& host() { return scenario_.host; }
    [[nodiscard]] link::Link& link() { return *scenario_.link; }
    [[nodiscard]] sim::SimProber& prober() { return scenario_.world.prober(); }
    [[nodiscard]] link::Ports ports();

    /// Every cause that can be drawn, "none" first.
    [[nodiscard]] static std::vector<std::string> causes();

private:
    [[nodiscard]] static Target draw_target(sim::SimRandom& random);
    void draw_setting();
    void draw_habits();
    void draw_others();
    void meet_neighbour();
    void strike_others();
    void draw_plot();
    void live_together(const Look& get_acquainted);
    void begin_fault();
    void play_until(Instant when);

    sim::SimRandom random_;
    Scenario scenario_;
    Scene scene_;
    Truth truth_;
    std::unique_ptr<link::Link> neighbour_;  // another VM that the same process holds
    const Plot* plot_ = nullptr;  // nothing goes wrong
    bool acquainted_ = false;
    bool warm_ = false;
    Instant began_{};
    std::vector<Duration> looks_;  // counted from the fault
};

}  // namespace vmc::test
