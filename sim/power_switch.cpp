// SPDX-License-Identifier: Apache-2.0
#include "sim/power_switch.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "flow/deadline.hpp"

namespace vmc::sim {

namespace {

constexpr Duration answers_after = std::chrono::milliseconds(40);
constexpr Duration late_by = std::chrono::seconds(20);
constexpr Duration reset_takes = std::chrono::seconds(5);

class UnderWay {
public:
    explicit UnderWay(int& count) : count_(count) { ++count_; }
    UnderWay(const UnderWay&) = delete;
    ~UnderWay() { --count_; }

private:
    int& count_;
};

}  // namespace

PowerState SimPowerSwitch::state() const {
    if (flaw_ == Flaw::says_on) return PowerState::on;
    if (flaw_ == Flaw::says_off) return PowerState::off;
    if (!host_.has_power()) return PowerState::off;
    if (paused_shows && host_.suffers(Trouble::paused)) return PowerState::paused;
    return PowerState::on;
}

Async<Result<PowerReading>> SimPowerSwitch::read(Instant deadline) {
    if (flaw_ == Flaw::mute || (network_.is_cut_off() && !another_way)) {
        co_await clock_.sleep_until(deadline);
        co_return failed(Code::timed_out, Stage::none, "the power switch does not answer");
    }
    co_await clock_.sleep_until(std::min(deadline, clock_.now() + answers_after));
    PowerReading reading;
    reading.state = state();
    co_return reading;
}

Async<Result<void>> SimPowerSwitch::act(PowerAction action, Instant deadline) {
    orders_.push_back({action, clock_.now(), host_.up(), host_.is_well(), under_way_ > 0});
    if (network_.is_cut_off() && !another_way) {
        co_await clock_.sleep_until(deadline);
        co_return failed(Code::timed_out, Stage::none, "the power switch does not answer");
    }
    const UnderWay counted(under_way_);
    host_.story().tell("switch", slug(action));
    co_await clock_.sleep_until(std::min(deadline, clock_.now() + answers_after));
    switch (flaw_) {
        case Flaw::refuses: co_return failed(Code::declined, Stage::none, "the power switch refuses");
        case Flaw::forgets: co_return Result<void>{};
        case Flaw::late: host_.agenda().after(late_by, [this, action] { carry_out(action); }); co_return Result<void>{};
        case Flaw::hangs:
            carry_out(action);
            co_await clock_.sleep_until(deadline);
            co_return failed(Code::timed_out, Stage::none, "the power switch does not answer");
        default: carry_out(action); co_return Result<void>{};
    }
}

void SimPowerSwitch::say(PowerState state, std::string detail) {
    said_.state = state;
    said_.detail = std::move(detail);
    news_.notify();
}

Async<std::optional<PowerReading>> SimPowerSwitch::overhear(Instant until) {
    const bool heard = co_await flow::finishes(clock_, until, news_.wait());
    if (!heard) co_return std::nullopt;
    co_return said_;
}

void SimPowerSwitch::carry_out(PowerAction action) {
    switch (action) {
        case PowerAction::off: return host_.power_off();
        case PowerAction::on: return host_.power_on();
        case PowerAction::reset:
        case PowerAction::cycle: host_.power_off(); return host_.power_on();
        case PowerAction::nmi:
            if (host_.up() && !host_.suffers(Trouble::paused)) host_.reboot(reset_takes);
            return;
    }
}

}  // namespace vmc::sim
