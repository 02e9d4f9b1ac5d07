// SPDX-License-Identifier: Apache-2.0
#include "recovery/casebook.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "model/incident_text.hpp"
#include "model/script.hpp"
#include "recovery/power.hpp"

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
    auto incident = model::Incident::parse(record->value_or(""));
    if (!incident) return std::unexpected(unreadable_record(record_));
    incident_ = std::move(*incident);
    if (!incident_.id().empty()) id_ = incident_.id();
    return read_power();
}

Result<void> Casebook::read_power() {
    const auto name = model::power_log_name(target_);
    const auto record = ports_.store.read(name);
    if (!record) return std::unexpected(record.error());
    auto log = model::PowerLog::parse(record->value_or(""));
    if (!log) return std::unexpected(unreadable_record(name));
    power_ = std::move(*log);
    return {};
}

Result<void> Casebook::change(const std::function<void(model::Incident&)>& what) {
    if (dry_) {
        what(incident_);
        return {};
    }
    bool readable = false;
    const auto changed = [&](const std::optional<std::string>& record) {
        auto incident = model::Incident::parse(record.value_or(""));
        readable = incident.has_value();
        if (!readable) return *record;
        incident_ = std::move(*incident);
        what(incident_);
        return incident_.serialise();
    };
    auto written = ports_.store.update(record_, changed, Lasting::durable);
    if (!written) return std::unexpected(written.error());
    if (!readable) return std::unexpected(unreadable_record(record_));
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

Result<model::Fleet> Casebook::fleet(std::size_t size_told) { return see_fleet(size_told, WallTime{}, {}); }

/// Where `acts` says so of what is seen, this VM is one of those in action from then on.
Result<model::Fleet> Casebook::see_fleet(std::size_t size_told, WallTime until,
                                         const std::function<bool(const model::Fleet&)>& acts) {
    const WallTime now = ports_.clock.wall_now();
    model::Fleet seen;
    const auto change = [&](const std::optional<std::string>& record) {
        auto fleet = model::FleetRecord::parse(record.value_or(""));
        seen = fleet.seen_by(mine_, now, size_told);
        if (acts && acts(seen)) mine_.acting = until;
        fleet.put(mine_, now);
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

Result<bool> Casebook::begin(const model::Decision& decision, Step step, const Decide& decide) {
    const WallTime now = ports_.clock.wall_now();
    mark_ = model::nonce(ports_.random.draw());
    // What somebody did to its power since the last look counts.
    if (auto power = read_power(); !power) return std::unexpected(power.error());
    const auto stands = [&](const model::Incident& incident, const model::Fleet& fleet) {
        const auto again = decide(incident.deeds(power_, now, ports_.clock.now()), fleet);
        return again.what == model::Decision::What::act && again.rung == decision.rung;
    };
    const bool destructive = is_destructive(decision.rung);
    const auto over = now + std::chrono::ceil<std::chrono::milliseconds>(step.within + step.takes_effect);
    const auto acts = [&](const model::Fleet& fleet) { return destructive && stands(incident_, fleet); };
    const auto seen = see_fleet(step.fleet_size, over, acts);
    if (!seen) return std::unexpected(seen.error());
    if (destructive && mine_.acting != over) return false;
    bool ours = false;
    auto begun = change([&](model::Incident& incident) {
        ours = stands(incident, *seen);
        if (ours) incident.begin(decision.rung, now, step.within, mark_, decision.reason, step.action);
    });
    if (!begun || !ours) settled();
    if (!begun) return std::unexpected(begun.error());
    if (!ours) return false;
    log("began", std::string(slug(decision.rung)) + ": " + step.action + " (" + decision.reason + ")");
    return true;
}

void Casebook::end(bool worked, std::string result) {
    // Where that cannot be written the step counts as under way until its time is over.
    (void)change([&](model::Incident& incident) { incident.end(mark_, worked, result); });
    log("ended", (worked ? "" : "failed: ") + result);
}

void Casebook::settled() {
    if (mine_.acting == WallTime{}) return;
    mine_.acting = ports_.clock.wall_now();
    (void)fleet(0);
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
    mine_.failed = WallTime{};
    mine_.looked = mine_.acting = ports_.clock.wall_now();
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
