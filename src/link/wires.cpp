// SPDX-License-Identifier: Apache-2.0
// The sessions of one link: the current one, and those that have gone quiet.
#include <algorithm>

#include "flow/deadline.hpp"
#include "link/link.hpp"

namespace vmc::link {

namespace {

/// A short command is over before the VM is asked who it is; a long one can be judged after a loss.
constexpr Duration facts_after = std::chrono::milliseconds(300);
constexpr Duration facts_within = std::chrono::seconds(10);

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
    scope_.spawn(learn(wire, last_facts_ ? Duration{0} : facts_after));
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
    current_.reset();
    // Dropped by settle(): no wish to stop, a loss like any other.
    last_error_ = ours ? Error(Code::lost, Stage::command, wire->ended->message()) : *wire->ended;
    feed(model::Ended{*last_error_, retry_at(*last_error_)});
}

/// Reads who and which boot it is, once for each wire.
Async<void> Link::learn(std::shared_ptr<Wire> wire, Duration after) {
    if (after > Duration{0}) co_await ports_.clock.sleep_until(ports_.clock.now() + after);
    if (wire->ended) co_return;
    const Instant asked = ports_.clock.now();
    auto facts = co_await read_facts_on(*wire->session, asked + facts_within);
    if (!facts || wire->ended) co_return;
    backoff_.worked();
    wire->facts = std::move(*facts);
    // An answer that was overtaken by that of a later question would look like time running backwards.
    if (asked >= learnt_at_) {
        compare_boots(wire);
        last_facts_ = wire->facts;
        learnt_at_ = ports_.clock.now();
    }
    wire->changed.notify();
    changed_.notify();
    drop_idle_wires();
}

/// A wire whose kernel is proven gone takes its commands with it.
void Link::compare_boots(const std::shared_ptr<Wire>& wire) {
    const WallTime now = ports_.clock.wall_now();
    const auto after = wire->facts->record(now);
    if (last_facts_) {
        const auto change = compare(last_facts_->record(now), after);
        if (change == BootChange::reboot)
            tell(Notice::Kind::rebooted,
                 "rebooted: boot id was " + last_facts_->boot_id.text() + ", is now " + after.boot_id.text());
        else if (change != BootChange::none && change != BootChange::unknown)
            tell(Notice::Kind::rebooted, std::string(slug(change)) + "; boot id " + after.boot_id.text());
    }
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
    for (auto& wire : wires_)
        if (wire != current_ && wire->live.empty()) wire->session->abort();
}

}  // namespace vmc::link
