// SPDX-License-Identifier: Apache-2.0
#include "model/incident.hpp"

#include <algorithm>
#include <array>
#include <chrono>

#include "model/key_values.hpp"
#include "model/record_line.hpp"
#include "model/record_name.hpp"
#include "model/script.hpp"
#include "model/time_text.hpp"

namespace vmc::model {
namespace {

constexpr std::size_t longest_reason = 300;
constexpr std::array states = {"open", "worked", "failed"};

/// One line, and short enough for a record.
std::string plain_text(std::string text) {
    std::ranges::replace_if(text, [](unsigned char c) { return c < ' '; }, ' ');
    if (text.size() > longest_reason) text.resize(longest_reason);
    return text;
}

/// "RUNG AT UNTIL STATE MARK"; its words stand in lines of their own.
std::optional<Incident::Step> step_of(std::string_view line) {
    Incident::Step step;
    const auto rung = parse_rung(take_field(line));
    const auto at = parse_record_time(take_field(line)), until = parse_record_time(take_field(line));
    const auto* const state = std::ranges::find(states, take_field(line));
    if (!rung || !at || !until || *until < *at || state == states.end() || line.empty()) return std::nullopt;
    step.rung = *rung;
    step.at = *at;
    step.until = *until;
    step.state = static_cast<Incident::Step::State>(state - states.begin());
    step.mark = line;
    return step;
}

Instant when(WallTime at, WallTime wall_now, Instant now) { return now - (wall_now - std::min(at, wall_now)); }

/// Somebody's, and not over.
bool is_under_way(const Incident::Step& step, WallTime now) {
    const bool from_the_future = step.at - now > step.until - step.at;
    return step.state == Incident::Step::State::open && now < step.until && !from_the_future;
}

}  // namespace

std::optional<Incident> Incident::parse(std::string_view record) {
    if (record.empty()) return Incident();
    if (!record.ends_with("whole=1\n")) return std::nullopt;
    const auto values = key_values(record);
    const auto text = [&](const std::string& key) {
        const auto found = values.find(key);
        return found == values.end() ? std::string_view{} : found->second;
    };
    Incident read;
    const auto state = text("state");
    read.state_ = state == "open" ? State::open : state == "given-up" ? State::given_up : State::none;
    for (std::size_t i = 0; i < kept; ++i) {
        const auto at = parse_record_time(text("reboot" + std::to_string(i)));
        if (!at) break;
        read.reboots_.push_back(*at);
    }
    if (read.state_ == State::none) return read;
    read.id_ = text("id");
    const auto opened = parse_record_time(text("opened"));
    if (read.id_.empty() || !opened) return std::nullopt;
    read.opened_ = *opened;
    read.looked_ = parse_record_time(text("looked"));
    read.silent_ = parse_record_time(text("silent"));
    for (std::size_t i = 0;; ++i) {
        const auto key = "step" + std::to_string(i);
        if (text(key).empty()) break;
        auto step = step_of(text(key));
        if (!step) return std::nullopt;
        step->reason = text(key + ".reason");
        step->action = text(key + ".action");
        step->result = text(key + ".result");
        read.steps_.push_back(std::move(*step));
    }
    return read;
}

std::string Incident::serialise() const {
    std::string all = "schema=1\n";
    const auto put = [&](const std::string& key, const std::string& value) { all += key + "=" + value + "\n"; };
    for (std::size_t i = 0; i < reboots_.size(); ++i) put("reboot" + std::to_string(i), record_time(reboots_[i]));
    if (state_ != State::none) {
        put("state", state_ == State::open ? "open" : "given-up");
        put("id", id_);
        put("opened", record_time(opened_));
        if (looked_) put("looked", record_time(*looked_));
        if (silent_) put("silent", record_time(*silent_));
    }
    for (std::size_t i = 0; i < steps_.size(); ++i) {
        const Step& step = steps_[i];
        const auto key = "step" + std::to_string(i);
        put(key, std::string(slug(step.rung)) + " " + record_time(step.at) + " " + record_time(step.until) + " " +
                     states.at(static_cast<std::size_t>(step.state)) + " " + step.mark);
        put(key + ".reason", step.reason);
        put(key + ".action", step.action);
        put(key + ".result", step.result);
    }
    return all + "whole=1\n";
}

void Incident::open(WallTime now, std::uint64_t draw) {
    auto day_and_time = iso_time(now).substr(0, std::string_view("2026-11-28T04:22:33").size());
    std::erase_if(day_and_time, [](char c) { return c == '-' || c == ':'; });
    state_ = State::open;
    id_ = day_and_time + "Z-" + nonce(draw);
    opened_ = now;
    looked_.reset();
    silent_.reset();
    steps_.clear();
}

void Incident::looked(bool silent, WallTime now) {
    const bool unbroken = looked_ && now >= *looked_ && now - *looked_ <= longest_gap;
    if (!silent) silent_.reset();
    else if (!silent_ || !unbroken) silent_ = now;
    looked_ = now;
}

void Incident::begin(Rung rung, WallTime now, Duration within, std::string mark, std::string reason,
                     std::string action) {
    Step step;
    step.rung = rung;
    step.at = now;
    step.until = now + std::chrono::ceil<std::chrono::milliseconds>(within);
    step.mark = std::move(mark);
    step.reason = plain_text(std::move(reason));
    step.action = plain_text(std::move(action));
    steps_.push_back(std::move(step));
}

void Incident::end(std::string_view mark, bool worked, std::string result) {
    for (Step& step : steps_) {
        if (step.mark != mark) continue;
        step.state = worked ? Step::State::worked : Step::State::failed;
        step.result = plain_text(std::move(result));
        return;
    }
}

bool Incident::is_stale(WallTime now) const {
    const WallTime last = steps_.empty() ? opened_ : steps_.back().at;
    return state_ == State::given_up && now - last >= std::chrono::hours(24);
}

void Incident::close() {
    for (const Step& step : steps_)
        if (step.rung == Rung::reboot || step.rung == Rung::sysrq) reboots_.push_back(step.at);
    std::ranges::sort(reboots_);
    while (reboots_.size() > kept) reboots_.pop_front();
    steps_.clear();
    looked_.reset();
    silent_.reset();
    id_.clear();
    state_ = State::none;
}

std::optional<Rung> Incident::under_way(WallTime now) const {
    for (const Step& step : steps_)
        if (is_under_way(step, now)) return step.rung;
    return std::nullopt;
}

Deeds Incident::deeds(const PowerLog& power, WallTime wall_now, Instant now) const {
    Deeds done;
    for (const Step& step : steps_) {
        const bool suspected = step.reason.find(Condition::on_suspicion) != std::string::npos;
        const bool carried_out = step.state == Step::State::worked;
        const bool turns_off = step.rung == Rung::power_cycle && !step.reason.contains(Condition::was_off);
        done.rungs.push_back({step.rung, when(step.at, wall_now, now), suspected, carried_out, turns_off});
        done.in_flight = done.in_flight || is_under_way(step, wall_now);
    }
    for (const auto& deed : power.deeds())
        (deed.action == PowerAction::nmi ? done.nmis : done.power_actions).push_back(when(deed.at, wall_now, now));
    std::ranges::sort(done.power_actions);
    std::ranges::sort(done.nmis);
    for (const WallTime at : reboots_) done.reboots.push_back(when(at, wall_now, now));
    done.in_flight = done.in_flight || power.under_way(wall_now).has_value();
    return done;
}

std::optional<Instant> Incident::silent_since(WallTime wall_now, Instant now) const {
    if (!silent_) return std::nullopt;
    return when(*silent_, wall_now, now);
}

Instant Incident::opened_on(WallTime wall_now, Instant now) const { return when(opened_, wall_now, now); }

std::string incident_record_name(const Target& target) {
    return record_name("recovery", {target.host(), std::to_string(target.port())});
}

}  // namespace vmc::model
