// SPDX-License-Identifier: Apache-2.0
#include "recovery/climb.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "base/span.hpp"
#include "health/boot_since.hpp"
#include "model/acquaintance.hpp"
#include "model/boot_story.hpp"
#include "model/boot_text.hpp"
#include "model/console_lines.hpp"
#include "model/console_text.hpp"

namespace vmc::recovery {

namespace {

using What = model::Decision::What;

/// Enough for a panic with its traces, and what led to it.
constexpr std::size_t console_lines = 400;
/// A kernel says that it panics a little before anybody sees that it is gone.
constexpr std::chrono::minutes console_before{2};
/// Where a step cannot be written down.
constexpr Duration begin_again = std::chrono::seconds(30);
constexpr Duration switch_within = std::chrono::seconds(10);
constexpr Duration proof_within = std::chrono::seconds(30);
constexpr Duration story_within = std::chrono::seconds(40);

bool is_other_machine(BootChange change) {
    return change == BootChange::other_machine || change == BootChange::re_imaged || change == BootChange::ambiguous;
}

}  // namespace

Climb::Climb(link::Ports ports, port::Prober& prober, link::Link& link, port::PowerSwitch* power,
             port::ConsoleLog* console, const RecoveryPolicy& policy, RecoveryFn tell)
    : ports_(ports), prober_(prober), link_(link), power_(power), console_(console), policy_(policy),
      begun_(ports_.clock.now()), book_(ports, link.target(), std::move(tell)), rungs_(ports, link, power) {
    if (policy_.dry_run()) book_.dry();
}

Async<Recovery> Climb::run() {
    const Instant deadline = begun_ + policy_.within();
    for (;;) {
        auto looked = co_await look();
        if (!looked) co_return ended(false, looked.error().line());
        const auto decision = decide(book_.deeds(), fleet_);
        if (policy_.dry_run()) {
            outlook();
            const bool well = decision.what == What::recovered;
            co_return ended(well, well ? decision.reason : "dry run: nothing was done");
        }
        const bool never_ill = decision.what == What::recovered && book_.id().empty();
        if (decision.reason != said_last_ && !never_ill) book_.log("decided", decision.reason);
        said_last_ = decision.reason;
        const bool done = co_await step(decision);
        if (done) co_return std::move(came_to_);
        if (ports_.clock.now() >= deadline)
            co_return ended(false, "not back after " + spoken(ports_.clock.now() - begun_) + "; " + decision.reason);
    }
}

/// True when it is over.
Async<bool> Climb::step(const model::Decision& decision) {
    switch (decision.what) {
        case What::recovered: co_return co_await recovered();
        case What::act: co_await act(decision); break;
        case What::wait: co_await wait(decision); break;
        case What::give_up: {
            auto noted = book_.give_up(decision.reason);
            came_to_ = ended(false, noted ? decision.reason : noted.error().line());
            co_return true;
        }
    }
    co_return false;
}

model::Decision Climb::decide(const model::Deeds& deeds, const model::Fleet& fleet) const {
    return model::next_rung(condition_, fleet, policy_, deeds, ports_.clock.now());
}

Async<Result<void>> Climb::look() {
    auto read = book_.read();
    if (!read) co_return read;
    recall_boot();
    std::optional<PowerState> power;
    auto seen = co_await health::look(ports_, prober_, link_, power_);
    if (power_ != nullptr) power = seen.around.power;
    condition_ = model::condition_of(seen.diagnosis, seen.around, power);
    // To its switch a crash kernel is a machine that runs; while it cannot say so nothing is known to be over.
    const bool stands_otherwise = power && *power != PowerState::on && *power != PowerState::unknown;
    if (seen.diagnosis.health.ssh_available || condition_.runs_commands || stands_otherwise) forget_crash_kernel();
    if (crash_kernel_since()) condition_.power = PowerState::dumping;
    condition_.can_nmi = rungs_.can_nmi();
    condition_.rescue = link_.has_rescue();
    if (condition_.silent) co_await hear_console();
    if (condition_.runs_commands) {
        co_await rungs_.learn_means();
        condition_.as_root = rungs_.means().as_root();
    }
    came_to_.found = std::move(seen.diagnosis);
    auto noted = book_.looked(came_to_.found, condition_);
    if (!noted) co_return noted;
    book_.tell_silence(condition_);
    co_return see_fleet();
}

Result<void> Climb::see_fleet() {
    auto fleet = book_.fleet(std::max(policy_.fleet_size(), ports_.company.size()));
    if (!fleet) return std::unexpected(fleet.error());
    fleet_ = *fleet;
    return {};
}

/// Its last words are proof, where they came while nothing else of it answered.
Async<void> Climb::hear_console() {
    if (console_ == nullptr) co_return;
    auto lines = co_await console_->tail(console_lines);
    if (!lines) co_return;
    const auto last = model::latest_state(model::read_console(lines->lines));
    const bool known = book_.incident().state() != model::Incident::State::none;
    const WallTime since = (known ? book_.incident().opened() : ports_.clock.wall_now()) - console_before;
    if (!last || last->line.at < since) co_return;
    const auto crash_kernel = crash_kernel_since();
    const bool over = last->sign == model::ConsoleSign::login || last->sign == model::ConsoleSign::dump_ended ||
                      last->sign == model::ConsoleSign::emergency;
    if (crash_kernel && over && last->line.at > *crash_kernel) {
        forget_crash_kernel();
        condition_.power = PowerState::on;
    }
    if (last->sign == model::ConsoleSign::dump) condition_.cause = "dump-in-progress";
    if (last->sign == model::ConsoleSign::panic && condition_.power == PowerState::on)
        condition_.power = PowerState::panicked;
}

/// The boot to compare with is the one that was known before anything was wrong.
void Climb::recall_boot() {
    if (before_) return;
    if (auto kept = book_.kept("before")) {
        before_ = model::parse_boot_text(*kept);
        return;
    }
    const auto record = ports_.store.read(model::acquaintance_name(link_.target()));
    if (record && *record) before_ = model::Acquaintance::parse(**record).boot;
}

Async<void> Climb::act(const model::Decision& decision) {
    using namespace boost::asio::experimental::awaitable_operators;
    const std::string cause = condition_.to_repair();
    const auto action = rungs_.action(decision.rung, cause, condition_.power);
    if (before_ && !book_.kept("before")) book_.keep("before", model::boot_text(*before_));
    if (is_destructive(decision.rung)) co_await save_evidence("before", false);
    const bool otherwise = co_await changed_meanwhile(decision.rung);
    if (otherwise) co_return;
    // Others may have begun while that was gathered; from here to the record nothing of this process comes between.
    const auto again = [this](const model::Deeds& deeds, const model::Fleet& fleet) { return decide(deeds, fleet); };
    Casebook::Step step;
    step.action = action;
    step.within = rungs_.longest(decision.rung);
    step.takes_effect = policy_.takes_effect();
    step.fleet_size = std::max(policy_.fleet_size(), ports_.company.size());
    auto ours = book_.begin(decision, std::move(step), again);
    if (!ours) {
        book_.log("decided", "not taken, since it cannot be written down: " + ours.error().line());
        co_await ports_.clock.sleep_until(std::min(ports_.clock.now() + begin_again, begun_ + policy_.within()));
        co_return;
    }
    if (!*ours) co_return;  // another process was faster
    const auto gone = link_.current() && link_.current()->facts ? std::optional(link_.current()->facts->boot_id)
                      : before_                                 ? std::optional(before_->boot_id)
                                                                : std::nullopt;
    auto done = co_await rungs_.take(decision.rung, cause, condition_.power);
    book_.end(done.has_value(), done ? *done : done.error().line());
    if (!done) book_.settled();
    if (!done || !is_destructive(decision.rung)) co_return;
    auto either = until_back(ports_, prober_, link_, gone,
                             std::min(begun_ + policy_.within(), ports_.clock.now() + policy_.takes_effect())) ||
                  overhear_for_ever();
    auto first = co_await std::move(either);
    book_.settled();
    const auto& back = std::get<0>(first);
    if (back) book_.log("looked", "it answers again, boot " + back->now.boot_id.text());
    else book_.log("looked", back.error().line());
}

/// A look takes half a minute, and evidence its time: what its switch says now, and whether anything of it answers.
Async<bool> Climb::changed_meanwhile(Rung rung) {
    if (!is_destructive(rung)) co_return false;
    if (rung >= Rung::nmi && power_ != nullptr && condition_.power) {
        const auto before = *condition_.power;
        auto reading = co_await power_->read(ports_.clock.now() + switch_within);
        const auto now = reading ? reading->state : PowerState::unknown;
        const bool by_console = before == PowerState::panicked && now == PowerState::on;
        if (now != before && !by_console) {
            book_.log("looked", "its power switch says " + std::string(slug(now)) + " now");
            co_return true;
        }
    }
    if (!condition_.silent) co_return false;
    const bool heard = co_await answers();
    if (heard) book_.heard();
    co_return heard;
}

/// It is well by a diagnosis; now twice in a row, as the machine that it was.
Async<bool> Climb::recovered() {
    auto proof = co_await prove(ports_, link_, ports_.clock.now() + proof_within);
    if (!proof) {
        book_.log("looked", "it looked well, and a command failed: " + proof.error().line());
        co_await ports_.clock.sleep_until(ports_.clock.now() + std::chrono::seconds(1));
        co_return false;
    }
    if (before_) {
        auto story = model::boot_story(*before_, proof->now);
        if (is_other_machine(story.change)) {
            auto noted = book_.give_up("another machine may stand there");
            came_to_ = ended(false, noted ? "another machine may stand there" : noted.error().line());
            co_return true;
        }
        if (is_new_life(story.change) && link_.current())
            story = co_await health::told_over(ports_, link_, *link_.current()->session, *before_, proof->now,
                                               story_within);
        came_to_.boot = std::move(story);
    }
    if (book_.incident().state() == model::Incident::State::none) {
        came_to_ = ended(true, "it is well");
        co_return true;
    }
    const bool anew = came_to_.boot && is_new_life(came_to_.boot->change);
    came_to_.down = proof->proven - book_.incident().opened_on(ports_.clock.wall_now(), ports_.clock.now());
    co_await save_evidence("after", anew);
    auto closed = book_.close("back: boot and identity read, two commands in a row" +
                              (anew ? "; " + came_to_.boot->line() : std::string()));
    came_to_ = ended(true, closed ? "back" : "back, which could not be written down: " + closed.error().line());
    co_return true;
}

/// What the VM can tell: before it goes down, and after it came back.
Async<void> Climb::save_evidence(std::string when, bool of_boot_before) {
    std::vector<std::string> files;
    if (condition_.runs_commands) files = {"kernel-log", "jobs"};
    if (of_boot_before) {
        files.emplace_back("pstore");
        files.emplace_back("journal-before");
    }
    const bool heard = co_await save_console(when);
    std::string told = heard ? "console-" + when : "";
    for (const auto& file : files) {
        auto text = co_await rungs_.evidence(file);
        if (!text || text->find_first_not_of(" \n") == std::string::npos) continue;
        book_.keep(file + "-" + when, *text);
        told += (told.empty() ? "" : ", ") + file + "-" + when;
    }
    if (!told.empty()) book_.log("evidence", "kept " + told);
}

Async<bool> Climb::save_console(std::string when) {
    if (console_ == nullptr) co_return false;
    auto lines = co_await console_->tail(console_lines);
    if (!lines || lines->lines.empty()) co_return false;
    std::string text;
    for (const auto& line : lines->lines) text += model::console_record(line);
    book_.keep("console-" + when, text);
    co_return true;
}

void Climb::outlook() {
    came_to_.outlook = model::outlook(condition_, fleet_, policy_, book_.deeds(), ports_.clock.now());
    for (auto& rung : came_to_.outlook)
        rung.action = rungs_.action(rung.rung, condition_.to_repair(), condition_.power);
}

Recovery Climb::ended(bool recovered, std::string reason) {
    Recovery all = std::move(came_to_);
    all.recovered = recovered;
    all.reason = std::move(reason);
    all.incident = book_.id();
    all.steps = book_.steps();
    all.took = ports_.clock.now() - begun_;
    return all;
}

}  // namespace vmc::recovery
