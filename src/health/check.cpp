// SPDX-License-Identifier: Apache-2.0
#include "health/check.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "health/examination.hpp"
#include "model/confidence.hpp"

namespace vmc::health {

namespace {

using Depth = Examination::Depth;

/// Where silence may have been our own, a second one with more patience.
Async<std::unique_ptr<Examination>> examined(link::Ports ports, port::Prober& prober, link::Link& link, Level level,
                                             Depth depth) {
    auto first = std::make_unique<Examination>(ports, prober, link, level, depth);
    co_await first->run();
    if (!first->is_doubtful()) co_return first;
    auto second = std::make_unique<Examination>(ports, prober, link, level, depth, first->lag());
    co_await second->run();
    co_return second;
}

/// A fence agent takes seconds; one that takes longer will not help whoever waits for a diagnosis.
constexpr Duration power_within = std::chrono::seconds(8);

bool runs_commands(const std::vector<Evidence>& evidence) {
    return std::ranges::any_of(evidence,
                               [](const Evidence& e) { return e.layer == Layer::exec && e.answer == Answer::works; });
}

Async<void> ask_power(port::Clock& clock, port::PowerSwitch& power, std::vector<Evidence>& evidence,
                      model::Circumstances& around) {
    const Instant asked = clock.now();
    auto reading = co_await power.read(asked + power_within);
    Evidence said;
    said.layer = Layer::elsewhere;
    said.check = "power-switch";
    said.took = clock.now() - asked;
    if (reading) {
        around.power = reading->state;
        said.answer = reading->state == PowerState::on        ? Answer::works
                      : reading->state == PowerState::unknown ? Answer::unknown
                                                              : Answer::fails;
        said.detail = std::string(slug(reading->state)) + (reading->detail.empty() ? "" : " (" + reading->detail + ")");
    } else {
        said.detail = reading.error().line();
    }
    evidence.push_back(std::move(said));
}

}  // namespace

Async<Health> check(link::Ports ports, port::Prober& prober, link::Link& link, Level level) {
    const auto examination = co_await examined(std::move(ports), prober, link, level, Depth::check);
    auto health = model::assess(level, examination->evidence(), examination->around());
    if (!health.response_time && examination->longest() > Duration{0}) health.response_time = examination->longest();
    co_return health;
}

Async<Look> look(link::Ports ports, port::Prober& prober, link::Link& link, port::PowerSwitch* power) {
    const auto examination = co_await examined(ports, prober, link, Level::thorough, Depth::diagnosis);
    auto evidence = examination->evidence();
    auto around = examination->around();
    if (power != nullptr && !runs_commands(evidence)) co_await ask_power(ports.clock, *power, evidence, around);
    auto diagnosis = model::diagnose(Level::thorough, std::move(evidence), around);
    const bool answers = diagnosis.health.verdict == Verdict::healthy || diagnosis.health.verdict == Verdict::degraded;
    if (!answers) diagnosis.since = examination->last_seen();
    if (examination->story() && examination->story()->change != BootChange::none) diagnosis.boot = examination->story();
    Look seen;
    seen.diagnosis = std::move(diagnosis);
    seen.around = std::move(around);
    co_return seen;
}

Async<Diagnosis> diagnose(link::Ports ports, port::Prober& prober, link::Link& link, port::PowerSwitch* power) {
    auto seen = co_await look(std::move(ports), prober, link, power);
    co_return std::move(seen.diagnosis);
}

}  // namespace vmc::health
