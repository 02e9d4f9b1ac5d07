// SPDX-License-Identifier: Apache-2.0
// The sessions of one link: the current one, and those that have gone quiet.
#include <algorithm>
#include <utility>

#include "flow/deadline.hpp"
#include "link/link.hpp"

namespace vmc::link {

namespace {

/// A short command is over before the VM is asked who it is; a long one can be judged after a loss.
constexpr Duration facts_after = std::chrono::milliseconds(300);
constexpr Duration facts_within = std::chrono::seconds(10);
constexpr Duration facts_again = std::chrono::seconds(5);
constexpr auto idle_spread = static_cast<std::uint64_t>(Duration(std::chrono::seconds(3)).count());
constexpr Duration answer_looked_for = std::chrono::milliseconds(100);

}  // namespace

void Link::adopt(std::unique_ptr<port::Session> session) {
    auto wire = std::make_shared<Wire>(ports_, std::move(session), ++wires_made_);
    if (!wires_.empty()) {
        ++disturbances_;
        tell(Notice::Kind::replaced, "a new session is up beside the quiet one");
    }
    const auto& facts = wire->session->facts();
    if (facts.host_key_was_new && target_.host_keys() == HostKeyPolicy::accept_new)
        tell(Notice::Kind::host_key, "its host key was not known; accepted from now on: " + facts.host_key);
    wires_.push_back(wire);
    current_ = wire;
    sudo_.reset();
    scope_.spawn(watch(wire));
    scope_.spawn(see_end(wire));
    // After a loss the question "which boot is this?" is urgent: running commands hang on it.
    scope_.spawn(learn(wire, boots_seen_.last() ? Duration{0} : facts_after));
}

Async<void> Link::watch(std::shared_ptr<Wire> wire) {
    auto on_change = [this, wire](model::Liveness judged) { suspicion_changed(wire, judged); };
    co_await wire->watch(std::move(on_change));
}

/// The state changes before anybody is told, so that who asks for it on hearing the news gets the new one.
void Link::suspicion_changed(const std::shared_ptr<Wire>& wire, model::Liveness judged) {
    ++disturbances_;
    const bool ours = wire == current_;
    // A forwarded port acknowledges for a VM that is gone.
    if (judged == model::Liveness::suspect_peer && wire->is_forwarded()) judged = model::Liveness::suspect;
    if (ours && wire->suspect()) flaps_.went(ports_.clock.now());
    if (ours && wire->suspect()) feed(model::WentQuiet{wire->session->last_received(), judged});
    else if (ours) feed(model::AnsweredAgain{});
    else if (!wire->suspect()) tell(Notice::Kind::answered, "the old session answers again; what runs there goes on");
    changed_.notify();
    drop_idle_wires();
}

Async<void> Link::see_end(std::shared_ptr<Wire> wire) {
    co_await wire->await_end();
    std::erase(wires_, wire);
    const bool ours = wire->ended->code() == Code::cancelled;  // dropped by us: no news, and no loss of theirs
    if (wire != current_) {
        if (!ours) tell(Notice::Kind::ended, "the old session: " + wire->ended->line());
        changed_.notify();
        co_return;
    }
    ++disturbances_;
    if (!ours) last_end_.emplace(*wire->ended, ports_.clock.now());
    if (!ours && !wire->suspect()) flaps_.went(ports_.clock.now());  // a suspect has been counted
    current_.reset();
    // Dropped by settle(): no wish to stop, a loss like any other.
    last_error_ = ours ? Error(Code::lost, Stage::command, wire->ended->message()) : *wire->ended;
    feed(model::Ended{*last_error_, retry_at(*last_error_)});
}

/// Who and which boot it is. Where the wire's own channels are taken (MaxSessions), read beside it: true
/// of this wire only if its kernel still answers afterwards, and then it is not known whether the
/// connection is forwarded.
Async<Result<model::Facts>> Link::facts_of(std::shared_ptr<Wire> wire) {
    const Instant until = ports_.clock.now() + facts_within;
    std::optional<Place> counted(std::in_place, wire, reinterpret_cast<std::uintptr_t>(&until));
    auto facts = co_await read_facts_on(*wire->session, until);
    counted.reset();
    if (facts || facts.error().code() != Code::channel_refused || wire != current_) co_return facts;
    auto beside = co_await read_facts(until);
    if (!beside) co_return beside;
    const Instant read = ports_.clock.now();
    wire->session->send_keepalive();
    while (wire->session->last_received() <= read) {
        if (wire->ended || ports_.clock.now() >= until)
            co_return failed(Code::lost, Stage::command, "the connection did not outlive the question");
        co_await ports_.clock.sleep_until(ports_.clock.now() + answer_looked_for);
    }
    beside->ssh_connection.clear();
    co_return beside;
}

/// Once for each wire, and until it is known: commands that run hang on it. Idle links wait a little longer,
/// each its own time: a thousand that come up at once do not all ask at once.
Async<void> Link::learn(std::shared_ptr<Wire> wire, Duration after) {
    Instant asked = ports_.clock.now() + after;
    Instant idle_until = asked + (after > Duration{0} ? Duration(ports_.random.draw() % idle_spread) : Duration{0});
    const auto due = [&] { return wire->commands() == 0 ? idle_until : asked; };
    bool gave_up = false;
    while (!wire->facts && !gave_up) {
        while (!wire->ended && ports_.clock.now() < due())
            co_await flow::finishes(ports_.clock, due(), wire->changed.wait());
        if (wire->ended) co_return;
        asked = ports_.clock.now();
        if (wire->facts || wire->session->paused()) {
            idle_until = asked = asked + facts_again;
            continue;
        }
        auto facts = co_await facts_of(wire);
        if (facts) learnt(wire, std::move(*facts), asked);
        else gave_up = facts.error().code() == Code::restricted_shell;
        idle_until = asked = ports_.clock.now() + facts_again;
    }
}

void Link::learnt(const std::shared_ptr<Wire>& wire, model::Facts facts, Instant asked) {
    if (wire->ended) return;
    backoff_.worked();
    wire->facts = std::move(facts);
    // An answer that was overtaken by that of a later question would look like time running backwards.
    if (asked >= learnt_at_) {
        compare_boots(wire);
        learnt_at_ = ports_.clock.now();
    }
    if (target_.rescue_shell() && !std::exchange(wire->rescue_kept, true)) scope_.spawn(keep_rescue(wire));
    wire->changed.notify();
    changed_.notify();
    drop_idle_wires();
}

/// A wire whose kernel is proven gone takes its commands with it.
void Link::compare_boots(const std::shared_ptr<Wire>& wire) {
    const WallTime now = ports_.clock.wall_now();
    const auto after = wire->facts->record(now);
    const auto was = boots_seen_.last();
    const auto change = boots_seen_.see(after);
    if (change == BootChange::reboot)
        tell(Notice::Kind::rebooted,
             "rebooted: boot id was " + was->boot_id.text() + ", is now " + after.boot_id.text());
    else if (change != BootChange::none && change != BootChange::unknown)
        tell(Notice::Kind::rebooted, std::string(slug(change)) + "; boot id " + after.boot_id.text());
    if (change == BootChange::ambiguous) return;
    for (auto& other : wires_) {
        if (other == wire || !other->facts) continue;
        if (compare(other->facts->record(now), after) != BootChange::reboot) continue;
        other->other_boot = true;
        other->changed.notify();
    }
}

/// A superseded wire without commands is let go; the only way in never is.
void Link::drop_idle_wires() {
    if (!usable()) return;
    for (auto& wire : wires_) {
        const bool needed = wire->rescue_order || (wire->rescue_ready && !current_->rescue_ready);
        if (wire != current_ && wire->commands() == 0 && !needed) wire->session->abort();
    }
}

}  // namespace vmc::link
