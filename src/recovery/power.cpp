// SPDX-License-Identifier: Apache-2.0
#include "recovery/power.hpp"

#include <algorithm>
#include <optional>
#include <string>

#include "model/incident.hpp"
#include "model/power_log.hpp"
#include "model/script.hpp"

namespace vmc::recovery {

namespace {

/// Between two questions to a switch that has taken an order: some take seconds, most do it at once.
constexpr Duration first_look = std::chrono::milliseconds(100);
constexpr Duration read_back_each = std::chrono::seconds(1);
/// A program that was told to end at its deadline may take so long, and so may a switch that was told just before.
constexpr Duration afterwards = std::chrono::seconds(7);
/// What a switch that said no did all the same, it has done by then.
constexpr Duration after_failure = std::chrono::seconds(10);

std::unexpected<Error> cannot(PowerAction action) {
    return failed(Code::bad_request, Stage::config, "this power switch cannot do that: " + std::string(slug(action)));
}

/// What the switch has to say when it is done; nothing where that cannot be told from before.
std::optional<PowerState> wanted(PowerAction action) {
    switch (action) {
        case PowerAction::off: return PowerState::off;
        case PowerAction::on:
        case PowerAction::cycle:
        case PowerAction::reset: return PowerState::on;
        case PowerAction::nmi: break;
    }
    return std::nullopt;
}

/// One action on one VM, from the order to the switch's word that it is done.
class Action {
public:
    Action(link::Ports ports, const Target& target, port::PowerSwitch& power, Duration within)
        : ports_(std::move(ports)), target_(target), power_(power), within_(within) {}

    Async<Result<PowerReading>> carry_out(PowerAction action, bool in_a_step) {
        auto refused = begin(action, in_a_step);
        if (refused) co_return std::unexpected(std::move(*refused));
        // Whatever unwinds us: an order that may have been taken counts as under way until its time is over. So does
        // one that was not seen to be done.
        auto reading = co_await steps(action);
        if (reading || reading.error().code() != Code::timed_out) end();
        co_return reading;
    }

private:
    Async<Result<PowerReading>> steps(PowerAction action) {
        if (action != PowerAction::cycle || power_.can(PowerAction::cycle)) co_return co_await step(action);
        const bool by_hand = power_.can(PowerAction::off) && power_.can(PowerAction::on);
        if (!by_hand && power_.can(PowerAction::reset)) co_return co_await step(PowerAction::reset);
        if (!by_hand) co_return cannot(action);
        auto off = co_await step(PowerAction::off);
        if (!off) co_return off;
        co_return co_await step(PowerAction::on);
    }

    /// Each has the whole time: one that was turned off slowly is turned on all the same.
    Async<Result<PowerReading>> step(PowerAction action) {
        if (!power_.can(action)) co_return cannot(action);
        const Instant deadline = ports_.clock.now() + within_;
        auto taken = co_await power_.act(action, deadline);
        if (taken) co_return co_await until_done(action, deadline);
        // A switch that failed may have done it all the same, where that can be seen: on or off is what it is.
        const bool seen = action == PowerAction::off || action == PowerAction::on;
        if (!seen) co_return std::unexpected(std::move(taken.error()));
        auto reading = co_await until_done(action, std::min(deadline, ports_.clock.now() + after_failure));
        if (!reading) co_return std::unexpected(std::move(taken.error()));
        co_return reading;
    }

    Async<Result<PowerReading>> until_done(PowerAction action, Instant until) {
        const auto state = wanted(action);
        Duration pause = first_look;
        for (;;) {
            auto reading = co_await power_.read(until);
            const bool done = reading && (!state || reading->state == *state);
            if (done) co_return reading;
            if (ports_.clock.now() + pause >= until) {
                if (!reading) co_return reading;
                co_return failed(Code::timed_out, Stage::none,
                                 "ordered " + std::string(slug(action)) + ", and its power switch says " +
                                     std::string(slug(reading->state)) +
                                     (reading->detail.empty() ? "" : " (" + reading->detail + ")"));
            }
            co_await ports_.clock.sleep_until(ports_.clock.now() + pause);
            pause = std::min(2 * pause, read_back_each);
        }
    }

    [[nodiscard]] std::optional<Error> begin(PowerAction action, bool in_a_step) {
        if (auto held = in_a_step ? std::nullopt : step_under_way()) return held;
        std::optional<model::PowerLog::Deed> other;
        bool readable = false;
        mark_ = model::nonce(ports_.random.draw());
        const WallTime now = ports_.clock.wall_now();
        const auto change = [&](const std::optional<std::string>& record) {
            auto log = model::PowerLog::parse(record.value_or(""));
            readable = log.has_value();
            if (!readable) return *record;
            other = log->under_way(now);
            if (!other) log->begin(action, now, longest_power_action(action, within_), mark_);
            return log->serialise();
        };
        const auto name = model::power_log_name(target_);
        auto written = ports_.store.update(name, change, port::Store::Lasting::durable);
        if (!written) return written.error();  // who cannot say what he does must not do it
        if (!readable) return unreadable_record(name);
        if (!other) return std::nullopt;
        return Error(Code::held, Stage::none,
                     "another action on its power is under way (" + std::string(slug(other->action)) + ")");
    }

    /// Of a recovery: its order may be under way on another way than by the switch.
    [[nodiscard]] std::optional<Error> step_under_way() const {
        const auto name = model::incident_record_name(target_);
        const auto record = ports_.store.read(name);
        if (!record) return record.error();
        const auto incident = model::Incident::parse(record->value_or(""));
        if (!incident) return unreadable_record(name);
        const auto rung = incident->under_way(ports_.clock.wall_now());
        if (!rung || !is_destructive(*rung)) return std::nullopt;
        return Error(Code::held, Stage::none, "a step of a recovery is under way (" + std::string(slug(*rung)) + ")");
    }

    void end() {
        const auto change = [this](const std::optional<std::string>& record) {
            auto log = model::PowerLog::parse(record.value_or(""));
            if (!log) return *record;
            log->end(mark_);
            return log->serialise();
        };
        (void)ports_.store.update(model::power_log_name(target_), change);
    }

    link::Ports ports_;
    const Target& target_;
    port::PowerSwitch& power_;
    const Duration within_;
    std::string mark_;
};

}  // namespace

Duration longest_power_action(PowerAction action, Duration within) {
    return (action == PowerAction::cycle ? 2 * within : within) + afterwards;
}

Error unreadable_record(std::string_view name) {
    return Error(Code::local, Stage::none,
                 "what was done to it stands in the state directory's \"" + std::string(name) +
                     "\", which cannot be read: nothing is done; when nothing is under way, remove it");
}

Async<Result<PowerReading>> read_power(link::Ports ports, port::PowerSwitch& power, Duration within) {
    const Instant asked = ports.clock.now();
    auto reading = co_await power.read(asked + within);
    if (reading) reading->took = ports.clock.now() - asked;
    co_return reading;
}

Async<Result<PowerReading>> change_power(link::Ports ports, const Target& target, port::PowerSwitch& power,
                                         PowerAction action, Duration within, bool in_a_step) {
    const Instant asked = ports.clock.now();
    Action doing(ports, target, power, within);
    auto reading = co_await doing.carry_out(action, in_a_step);
    if (reading) reading->took = ports.clock.now() - asked;
    co_return reading;
}

}  // namespace vmc::recovery
