// SPDX-License-Identifier: Apache-2.0
#include "recovery/casebook.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "model/incident_text.hpp"
#include "model/script.hpp"

namespace vmc::recovery {

namespace {

using Lasting = port::Store::Lasting;

/// Rounded to tenths, so that the same is not told again for a shade.
constexpr double told_from = 0.1;

RecoveryStep told(const model::Incident::Step& step) {
    RecoveryStep said;
    said.rung = step.rung;
    said.at = step.at;
    said.reason = step.reason;
    said.action = step.action;
    said.worked = step.state == model::Incident::Step::State::worked;
    said.result =
        step.state == model::Incident::Step::State::open ? "not known: who took it did not live to say" : step.result;
    return said;
}

/// "unreachable, cause unknown (path-dead 41 %, vm-off 30 %); fails: tcp-connect, icmp-echo".
std::string seen_in(const Diagnosis& diagnosis) {
    const auto& health = diagnosis.health;
    std::string text =
        std::string(slug(health.verdict)) + ", cause " + health.cause + (health.claim ? "" : ", observed, not proven");
    std::string guesses;
    for (const auto& one : diagnosis.hypotheses)
        if (one.probability >= told_from)
            guesses += (guesses.empty() ? "" : ", ") + one.cause + " " +
                       std::to_string(std::lround(10 * one.probability) * 10) + " %";
    if (health.cause == "unknown" && !guesses.empty()) text += " (" + guesses + ")";
    std::string fails;
    for (const auto& one : health.evidence)
        if (one.answer == Answer::fails) fails += (fails.empty() ? "" : ", ") + one.check;
    return fails.empty() ? text : text + "; fails: " + fails;
}

}  // namespace

Casebook::Casebook(link::Ports ports, const Target& target, RecoveryFn tell)
    : ports_(std::move(ports)), target_(target), tell_(std::move(tell)), record_(model::incident_record_name(target)) {
    mine_.vm = model::fleet_name_of(target);
}

Result<void> Casebook::read() {
    const auto record = ports_.store.read(record_);
    if (!record) return std::unexpected(record.error());
    incident_ = model::Incident::parse(record->value_or(""));
    if (!incident_.id().empty()) id_ = incident_.id();
    const auto power = ports_.store.read(model::power_log_name(target_));
    if (!power) return std::unexpected(power.error());
    power_ = model::PowerLog::parse(power->value_or(""));
    return {};
}

Result<void> Casebook::change(const std::function<void(model::Incident&)>& what) {
    if (dry_) {
        what(incident_);
        return {};
    }
    const auto changed = [&](const std::optional<std::string>& record) {
        incident_ = model::Incident::parse(record.value_or(""));
        what(incident_);
        return incident_.serialise();
    };
    auto written = ports_.store.update(record_, changed, Lasting::durable);
    if (!written) return std::unexpected(written.error());
    if (!incident_.id().empty()) id_ = incident_.id();
    return {};
}

Result<void> Casebook::looked(const Diagnosis& diagnosis, const model::Condition& condition) {
    const WallTime now = ports_.clock.wall_now();
    const bool well = condition.verdict == Verdict::healthy;
    const bool known = incident_.state() != model::Incident::State::none;
    const bool silent = condition.silent;
    bool opened = false;
    if (!well || known) {
        const auto draw = ports_.random.draw();
        auto noted = change([&](model::Incident& incident) {
            if (incident.is_stale(now)) incident.close();
            opened = incident.state() == model::Incident::State::none && !well;
            if (opened) incident.open(now, draw);
            if (incident.state() != model::Incident::State::none) incident.looked(silent, now);
        });
        if (!noted) return noted;
    }
    const auto what = seen_in(diagnosis);
    if (opened) log("opened", what);
    else if ((!well || known) && what != said_last_) log("looked", what);
    said_last_ = what;
    mine_.looked = now;
    mine_.failed = well ? WallTime{} : diagnosis.since.value_or(incident_.opened());
    return {};
}

void Casebook::heard() {
    const WallTime now = ports_.clock.wall_now();
    (void)change([now](model::Incident& incident) {
        if (incident.state() != model::Incident::State::none) incident.looked(false, now);
    });
    log("looked", "something of it answers between two looks");
}

void Casebook::tell_silence(model::Condition& condition) const {
    condition.silent_since = incident_.silent_since(ports_.clock.wall_now(), ports_.clock.now());
}

model::Deeds Casebook::deeds() const { return incident_.deeds(power_, ports_.clock.wall_now(), ports_.clock.now()); }

Result<model::Fleet> Casebook::fleet(std::size_t size_told) {
    const WallTime now = ports_.clock.wall_now();
    model::Fleet seen;
    const auto change = [&](const std::optional<std::string>& record) {
        auto fleet = model::FleetRecord::parse(record.value_or(""));
        fleet.put(mine_, now);
        seen = fleet.seen_by(mine_, now, size_told);
        return fleet.serialise();
    };
    if (dry_) {
        const auto record = ports_.store.read(model::fleet_record_name);
        if (!record) return std::unexpected(record.error());
        (void)change(*record);
        return seen;
    }
    auto written = ports_.store.update(model::fleet_record_name, change);
    if (!written) return std::unexpected(written.error());
    return seen;
}

void Casebook::act_until(WallTime until) {
    mine_.acting = until;
    (void)fleet(0);
}

Result<bool> Casebook::begin(const model::Decision& decision, std::string action, Duration within,
                             const std::function<model::Decision(const model::Deeds&)>& decide) {
    const WallTime now = ports_.clock.wall_now();
    mark_ = model::nonce(ports_.random.draw());
    bool ours = false;
    auto begun = change([&](model::Incident& incident) {
        const auto again = decide(incident.deeds(power_, now, ports_.clock.now()));
        ours = again.what == model::Decision::What::act && again.rung == decision.rung;
        if (ours) incident.begin(decision.rung, now, within, mark_, decision.reason, action);
    });
    if (!begun) return std::unexpected(begun.error());
    if (!ours) return false;
    log("began", std::string(slug(decision.rung)) + ": " + action + " (" + decision.reason + ")");
    if (is_destructive(decision.rung)) act_until(now + std::chrono::ceil<std::chrono::milliseconds>(within));
    return true;
}

void Casebook::end(bool worked, std::string result) {
    // Where that cannot be written the step counts as under way until its time is over.
    (void)change([&](model::Incident& incident) { incident.end(mark_, worked, result); });
    log("ended", (worked ? "" : "failed: ") + result);
    if (mine_.acting != WallTime{}) act_until(WallTime{});
}

Result<void> Casebook::give_up(const std::string& reason) {
    if (incident_.state() == model::Incident::State::given_up) return {};
    auto done = change([](model::Incident& incident) { incident.give_up(); });
    log("closed", "given up: " + reason);
    return done;
}

Result<void> Casebook::close(const std::string& reason) {
    steps_ = incident_.steps();
    log("closed", reason);
    auto done = change([](model::Incident& incident) { incident.close(); });
    mine_.failed = mine_.acting = WallTime{};
    mine_.looked = ports_.clock.wall_now();
    (void)fleet(0);
    return done;
}

std::vector<RecoveryStep> Casebook::steps() const {
    std::vector<RecoveryStep> all;
    for (const auto& step : incident_.state() == model::Incident::State::none ? steps_ : incident_.steps())
        all.push_back(told(step));
    return all;
}

void Casebook::keep(std::string_view file, std::string_view content) {
    if (dry_ || id_.empty()) return;
    auto written = ports_.store.write("incidents/" + id_ + "/" + std::string(file), content);
    if (!written) log("evidence", std::string(file) + " was not kept: " + written.error().message());
}

std::optional<std::string> Casebook::kept(std::string_view file) const {
    if (id_.empty()) return std::nullopt;
    auto read = ports_.store.read("incidents/" + id_ + "/" + std::string(file));
    return read ? std::move(*read) : std::nullopt;
}

void Casebook::log(std::string_view event, const std::string& text) {
    const WallTime now = ports_.clock.wall_now();
    if (!dry_ && !id_.empty())
        (void)ports_.store.append(model::incident_log_name,
                                  model::incident_line(now, id_, target_.name(), event, text));
    if (!tell_) return;
    RecoveryNews news;
    news.at = now;
    news.event = event;
    news.text = text;
    tell_(news);
}

}  // namespace vmc::recovery
