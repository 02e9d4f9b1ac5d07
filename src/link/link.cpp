// SPDX-License-Identifier: Apache-2.0
// Staying connected.
#include "link/link.hpp"

#include <algorithm>

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "base/ensure.hpp"
#include "flow/deadline.hpp"
#include "model/backoff.hpp"

namespace vmc::link {

namespace {

/// A short command is over before the VM is asked who it is; a long one can be judged after a loss.
constexpr Duration facts_after = std::chrono::milliseconds(300);
constexpr Duration facts_within = std::chrono::seconds(10);
constexpr Duration goodbye_within = std::chrono::milliseconds(500);
/// An RST costs sshd nothing, and a booting VM answers so: look again soon (link online within 1 s).
constexpr Duration refused_pause = std::chrono::milliseconds(500);

}  // namespace

Link::Link(Ports ports, Target target, std::function<void(const Notice&)> tell)
    : ports_(std::move(ports)), target_(std::move(target)), tell_(std::move(tell)),
      approach_(ports_, target_, [this](Notice::Kind kind, std::string text) { this->tell(kind, std::move(text)); }),
      scope_(ports_.executor), changed_(ports_.executor), state_(model::Idle{}) {}

Link::~Link() {
    for (auto& wire : wires_) wire->session->abort();
}

void Link::tell(Notice::Kind kind, std::string text) {
    if (tell_) tell_(Notice(kind, ports_.clock.wall_now(), std::move(text)));
}

void Link::move_to(model::LinkState next) {
    state_ = std::move(next);
    changed_.notify();
}

Async<Result<void>> Link::connect() {
    if (usable()) co_return Result<void>{};
    while (attempting_) co_await changed_.wait();
    if (usable()) co_return Result<void>{};
    stopped_ = false;
    co_return co_await attempt(false);
}

Async<bool> Link::reconnect(int retries, Duration delay) {
    if (retries <= 0) co_return false;
    while (attempting_) co_await changed_.wait();
    stopped_ = false;
    for (auto& wire : wires_) wire->session->abort();
    current_.reset();
    for (int i = 0; i < retries; ++i) {
        if (i > 0) co_await ports_.clock.sleep_until(ports_.clock.now() + delay);
        auto done = co_await attempt(false);
        if (done) co_return true;
        if (model::is_hard_stop(done.error().code())) co_return false;
    }
    co_return false;
}

void Link::keep_connected() {
    if (keeping_) return;
    keeping_ = true;
    scope_.spawn(keep());
}

/// Comes back after every loss, and opens a session beside one that has gone quiet.
Async<void> Link::keep() {
    model::Backoff backoff;
    for (;;) {
        while (usable() || attempting_ || stopped_) {
            if (usable() && current_->facts) backoff.reset();  // an authenticated command has worked
            co_await changed_.wait();
        }
        Duration pause = backoff.next(ports_.random.draw());
        if (last_error_ && last_error_->code() == Code::refused) pause = std::min(pause, refused_pause);
        const bool wanted = co_await pause_before_attempt(pause);
        if (!wanted) continue;
        auto done = co_await attempt(true);
        if (!done && model::is_hard_stop(done.error().code())) {
            stopped_ = true;
            tell(Notice::Kind::stopped, done.error().line());
        }
    }
}

/// False when the need has gone away meanwhile: the old session answered, or somebody else connected.
Async<bool> Link::pause_before_attempt(Duration pause) {
    const Instant until = std::max(ports_.clock.now() + pause, approach_.may_connect_at());
    if (!current_) move_to(model::Waiting{until, last_error_});
    while (ports_.clock.now() < until) {
        co_await flow::finishes(ports_.clock, until, changed_.wait());
        if (usable() || attempting_ || stopped_) co_return false;
    }
    co_return true;
}

Async<Result<void>> Link::attempt(bool may_park) {
    attempting_ = true;
    const Instant now = ports_.clock.now();
    if (!current_) move_to(model::Connecting{wires_made_ + 1, now});
    tell(Notice::Kind::connecting, "connecting to " + target_.name());
    auto reached = co_await approach_.reach(now + target_.connect_timeout(), may_park);
    attempting_ = false;
    if (!reached) {
        last_error_ = reached.error();
        if (!current_) move_to(model::is_hard_stop(last_error_->code()) ? model::LinkState(model::Stopped{*last_error_})
                                                                       : model::LinkState(model::Idle{}));
        changed_.notify();
        tell(Notice::Kind::waiting, last_error_->line());
        co_return std::unexpected(*last_error_);
    }
    last_error_.reset();
    adopt(std::move(*reached));
    co_return Result<void>{};
}

void Link::adopt(std::unique_ptr<port::Session> session) {
    auto wire = std::make_shared<Wire>(ports_, std::move(session), ++wires_made_);
    const bool replaces = !wires_.empty();
    wires_.push_back(wire);
    if (current_ && !current_->suspect() && current_->usable()) {
        // The quiet session answered while this one was being made; it keeps the commands.
    } else {
        current_ = wire;
    }
    scope_.spawn(watch(wire));
    scope_.spawn(see_end(wire));
    // After a loss the question "which boot is this?" is urgent: running commands hang on it.
    scope_.spawn(learn(wire, last_facts_ ? Duration{0} : facts_after));
    if (replaces) {
        ++disturbances_;
        tell(Notice::Kind::replaced, "a new session is up; the old one is still quiet");
    }
    move_to(model::Online{ports_.clock.now()});
    tell(Notice::Kind::online, "connected to " + target_.name() + " as " + target_.user());
}

Async<void> Link::watch(std::shared_ptr<Wire> wire) {
    auto on_change = [this, wire](const std::string& because) { suspicion_changed(wire, because); };
    co_await wire->watch(std::move(on_change));
}

void Link::suspicion_changed(const std::shared_ptr<Wire>& wire, const std::string& because) {
    ++disturbances_;
    if (wire->suspect()) {
        if (wire == current_) move_to(model::Suspect{*wire->suspect_since, because});
        tell(Notice::Kind::suspect, because);
    } else {
        if (!current_ || current_->suspect()) current_ = wire;
        if (wire == current_) move_to(model::Online{ports_.clock.now()});
        tell(Notice::Kind::answered, because);
    }
    changed_.notify();
    drop_idle_wires();
}

Async<void> Link::see_end(std::shared_ptr<Wire> wire) {
    co_await wire->await_end();
    std::erase(wires_, wire);
    if (current_ == wire) {
        current_.reset();
        for (auto& other : wires_)
            if (other->usable()) current_ = other;
        if (!current_) {
            last_error_ = wire->ended;
            move_to(model::Idle{});
        }
    }
    ++disturbances_;
    tell(Notice::Kind::ended, wire->ended->line());
    changed_.notify();
}

/// Reads who and which boot it is, once for each wire.
Async<void> Link::learn(std::shared_ptr<Wire> wire, Duration after) {
    if (after > Duration{0}) co_await ports_.clock.sleep_until(ports_.clock.now() + after);
    if (wire->ended) co_return;
    const auto nonce = model::nonce(ports_.random.draw());
    auto printed = co_await ask_on(*wire->session, model::facts_script(nonce), ports_.clock.now() + facts_within);
    if (!printed || wire->ended) co_return;
    auto facts = model::parse_facts(*printed, nonce);
    if (!facts) co_return;
    facts->identity.host_key = wire->session->facts().host_key;
    wire->facts = std::move(*facts);
    compare_boots(wire);
    last_facts_ = wire->facts;
    wire->changed.notify();
    changed_.notify();
    drop_idle_wires();
}

/// A wire whose kernel is proven gone takes its commands with it.
void Link::compare_boots(const std::shared_ptr<Wire>& wire) {
    const WallTime now = ports_.clock.wall_now();
    if (last_facts_) {
        const auto change = compare(last_facts_->record(now), wire->facts->record(now));
        if (change == BootChange::reboot)
            tell(Notice::Kind::rebooted, "rebooted: boot id was " + last_facts_->boot_id.text() + ", is now " +
                                             wire->facts->boot_id.text());
        else if (change != BootChange::none && change != BootChange::unknown)
            tell(Notice::Kind::rebooted, std::string(slug(change)) + ": boot id " + wire->facts->boot_id.text());
    }
    const auto others = wires_;
    for (auto& other : others) {
        if (other == wire || !other->facts || other->ended) continue;
        if (compare(other->facts->record(now), wire->facts->record(now)) != BootChange::reboot) continue;
        other->other_boot = true;
        other->changed.notify();
    }
}

/// A superseded wire without commands is let go; one that is our only way in never is.
void Link::drop_idle_wires() {
    if (!usable()) return;
    const auto all = wires_;
    for (auto& wire : all) {
        if (wire == current_ || !wire->live.empty() || wire->ended) continue;
        wire->session->abort();
    }
}

Async<void> Link::close() {
    stopped_ = true;
    scope_.stop();
    co_await scope_.join();
    const Instant deadline = ports_.clock.now() + goodbye_within;
    for (auto& wire : wires_) {
        if (!wire->suspect() && wire->session->alive()) co_await wire->session->close(deadline);
        else wire->session->abort();
    }
    wires_.clear();
    current_.reset();
    state_ = model::Stopped{Error(Code::cancelled, Stage::none, "closed")};
}

}  // namespace vmc::link
