// SPDX-License-Identifier: Apache-2.0
#include "recovery/rungs.hpp"

#include <algorithm>
#include <utility>

#include "model/escape.hpp"
#include "model/script.hpp"
#include "recovery/power.hpp"

namespace vmc::recovery {

namespace {

constexpr Duration means_within = std::chrono::seconds(10);
/// A repair waits up to 30 s for a service to start, some of them twice.
constexpr Duration repair_within = std::chrono::seconds(75);
/// Who is told to go down answers at once, or is gone.
constexpr Duration order_within = std::chrono::seconds(15);
constexpr Duration evidence_within = std::chrono::seconds(10);

/// Foreign words, in one line.
std::string in_one_line(std::string_view text) {
    std::string line = model::escape_for_terminal(text);
    while (!line.empty() && (line.back() == '\n' || line.back() == ' ')) line.pop_back();
    line.erase(0, line.find_first_not_of("\n "));
    std::ranges::replace(line, '\n', ';');
    return line;
}

}  // namespace

Async<void> Rungs::learn_means() {
    means_ = model::Means{};
    const auto nonce = model::nonce(ports_.random.draw());
    auto printed = co_await link_.ask(model::means_script(nonce), ports_.clock.now() + means_within);
    if (!printed) co_return;
    if (auto means = model::parse_means(*printed, nonce)) means_ = *means;
}

PowerAction Rungs::power_action(Rung rung, std::optional<PowerState> state) {
    if (rung == Rung::nmi) return PowerAction::nmi;
    return state == PowerState::off ? PowerAction::on : PowerAction::cycle;
}

std::string Rungs::action(Rung rung, const std::string& cause, std::optional<PowerState> state) const {
    if (rung < Rung::nmi) return model::rung_words(rung, cause);
    if (power_ == nullptr) return {};
    const auto wanted = power_action(rung, state);
    if (wanted != PowerAction::cycle) return power_->told(wanted);
    if (power_->can(PowerAction::off) && power_->can(PowerAction::on))
        return power_->told(PowerAction::off) + ", then " + power_->told(PowerAction::on);
    return power_->told(PowerAction::reset);
}

Duration Rungs::within() const {
    return link_.target().power() ? link_.target().power()->within() : std::chrono::seconds(60);
}

Duration Rungs::longest(Rung rung) const {
    if (rung == Rung::look_again) return std::chrono::seconds(1);
    if (rung == Rung::repair) return repair_within;
    if (rung < Rung::nmi) return order_within;
    return longest_power_action(rung == Rung::power_cycle ? PowerAction::cycle : PowerAction::nmi, within());
}

Async<Result<std::string>> Rungs::take(Rung rung, std::string cause, std::optional<PowerState> state) {
    if (rung == Rung::look_again) co_return "looked once more";
    const bool rescue = rung == Rung::repair && cause == "fork-failure" && link_.has_rescue();
    if (rescue && !means_.sudo) co_return co_await by_rescue(std::move(cause));
    if (rescue) {
        auto as_root = co_await from_inside(rung, cause);
        if (as_root || !link_.has_rescue()) co_return as_root;
        co_return co_await by_rescue(std::move(cause));
    }
    if (rung < Rung::nmi) co_return co_await from_inside(rung, std::move(cause));
    co_return co_await by_power(power_action(rung, state));
}

Async<Result<std::string>> Rungs::from_inside(Rung rung, std::string cause) {
    const auto nonce = model::nonce(ports_.random.draw());
    auto script = model::rung_script(rung, cause, means_, nonce);
    if (script.empty()) co_return failed(Code::bad_request, Stage::none, "nothing that we know mends " + cause);
    bool left = false;
    auto printed =
        co_await link_.ask(std::move(script), ports_.clock.now() + longest(rung), link::Link::short_answer, &left);
    const bool going_down = is_destructive(rung) && left && !printed;
    if (going_down) co_return "ordered; the answer was cut off: " + printed.error().line();
    if (!printed) co_return std::unexpected(printed.error());
    const auto answer = model::answer_of(*printed, nonce);
    if (!answer && !is_destructive(rung)) co_return std::unexpected(answer.error());
    const auto said = answer ? in_one_line(*answer) : std::string("ordered");
    if (said.starts_with(model::nothing_done)) co_return failed(Code::declined, Stage::command, said);
    if (said.empty()) co_return failed(Code::declined, Stage::command, "nothing was found that could be done");
    co_return said;
}

/// As whoever is logged in: sudo would have to be started.
Async<Result<std::string>> Rungs::by_rescue(std::string cause) {
    const auto nonce = model::nonce(ports_.random.draw());
    model::Means as_it_is;
    as_it_is.root = true;
    auto script = model::rung_script(Rung::repair, cause, as_it_is, nonce);
    auto printed = co_await link_.ask_rescue(std::move(script), ports_.clock.now() + repair_within);
    if (!printed) co_return std::unexpected(printed.error());
    const auto answer = model::answer_of(*printed, nonce);
    if (!answer) co_return std::unexpected(answer.error());
    const auto said = in_one_line(*answer);
    if (said.starts_with(model::nothing_done)) co_return failed(Code::declined, Stage::command, said);
    co_return "through the shell that was kept ready: " + said;
}

Async<Result<std::string>> Rungs::by_power(PowerAction action) {
    if (power_ == nullptr) co_return failed(Code::bad_request, Stage::config, "it has no power switch");
    auto reading = co_await change_power(ports_, link_.target(), *power_, action, within(), true);
    if (!reading) co_return std::unexpected(reading.error());
    co_return std::string(slug(action)) + ": its power switch says " + std::string(slug(reading->state)) +
        (reading->detail.empty() ? "" : " (" + reading->detail + ")");
}

Async<Result<std::string>> Rungs::evidence(std::string what) {
    const auto nonce = model::nonce(ports_.random.draw());
    auto printed =
        co_await link_.ask(model::evidence_script(what, means_, nonce), ports_.clock.now() + evidence_within);
    if (!printed) co_return std::unexpected(printed.error());
    const auto answer = model::answer_of(*printed, nonce);
    if (!answer) co_return std::unexpected(answer.error());
    co_return std::string(*answer);
}

}  // namespace vmc::recovery
