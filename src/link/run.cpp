// SPDX-License-Identifier: Apache-2.0
// Running one command, at most once.
#include <boost/asio/experimental/awaitable_operators.hpp>

#include "flow/deadline.hpp"
#include "link/link.hpp"
#include "model/quote.hpp"

namespace vmc::link {

namespace {

/// A session channel that a server refuses although none of our commands is on the connection:
/// it may still be clearing one away. After this long its answer stands.
constexpr Duration refusal_stands_after = std::chrono::milliseconds(500);
constexpr Duration look_again = std::chrono::milliseconds(100);
/// To the answer of an exec request; a server that answers keepalives but not this is stuck.
constexpr Duration request_within = std::chrono::seconds(60);
/// When time is up while the answer to the request is still on its way.
constexpr Duration answer_grace = std::chrono::seconds(2);
/// Beyond the patience for a connection.
constexpr Duration sudo_answers_within = std::chrono::seconds(30);
constexpr Duration last_words_within = std::chrono::milliseconds(500);

Error cancelled() { return Error(Code::cancelled, Stage::command, "cancelled before it was sent"); }

}  // namespace

/// The session for new commands, as soon as there is one.
Async<Result<std::shared_ptr<Wire>>> Link::usable_wire(Instant deadline, Control* control) {
    for (;;) {
        if (control && control->cancelled) co_return std::unexpected(cancelled());
        if (usable() && current_->live.size() < channels_per_wire && current_->held == 0) co_return current_;
        const bool nothing_comes =
            std::holds_alternative<model::Idle>(state_) || std::holds_alternative<model::Stopped>(state_);
        if (nothing_comes && !usable())
            co_return std::unexpected(last_error_.value_or(Error(Code::lost, Stage::none, "not connected")));
        if (ports_.clock.now() >= deadline) {
            Error late(Code::timed_out, Stage::tcp, "no usable connection to " + target_.name());
            co_return std::unexpected(last_error_.value_or(late));
        }
        using namespace boost::asio::experimental::awaitable_operators;
        // A place on the wire falls free with Wire::changed, everything else with changed_.
        if (const auto watched = current_) {
            auto race = changed_.wait() || watched->changed.wait() || ports_.clock.sleep_until(deadline);
            co_await std::move(race);
        } else {
            co_await flow::finishes(ports_.clock, deadline, changed_.wait());
        }
    }
}

Async<Outcome> Link::run(const Command& command, Sink& sink, Source* source, Control& control) {
    const Instant begun = ports_.clock.now();
    const Instant deadline = command.limit() ? begun + *command.limit() : never;
    const Instant patience = std::min(deadline, begun + target_.connect_timeout());
    const int disturbed_before = disturbances_;
    Outcome counted{Refused{cancelled()}};
    auto ending = co_await run_on(command, sink, source, control, deadline, patience, counted);
    drop_idle_wires();
    Outcome outcome(std::move(ending));
    if (outcome.exit_code()) backoff_.worked();
    outcome.stdout_bytes = counted.stdout_bytes;
    outcome.stderr_bytes = counted.stderr_bytes;
    outcome.boot_id = counted.boot_id;
    outcome.took = ports_.clock.now() - begun;
    outcome.reconnects = disturbances_ - disturbed_before;
    co_return outcome;
}

/// Tries again only what provably never left us, and only for reasons that pass.
Async<Outcome::Ending> Link::run_on(const Command& command, Sink& sink, Source* source, Control& control,
                                    Instant deadline, Instant patience, Outcome& counted) {
    if (auto line = model::wire_line(command); !line) co_return Refused{line.error()};
    Instant refusals_until = never;
    for (;;) {
        if (command.sudo()) {
            auto refused = co_await ask_sudo(command, control, std::min(deadline, patience + sudo_answers_within));
            if (refused) co_return Refused{std::move(*refused)};
        }
        auto wire = co_await usable_wire(patience, &control);
        if (!wire) co_return Refused{wire.error()};
        if (!sudo_known_for(command)) continue;
        auto request = request_for(command);
        if (!request) co_return Refused{request.error()};
        Running running(ports_, *wire, command, std::move(*request), sink, source, control, deadline,
                        std::min(deadline + answer_grace, ports_.clock.now() + request_within));
        auto ending = co_await watch_over(running, *wire, command);
        running.count_into(counted);
        const auto& error = running.error();
        const Instant now = ports_.clock.now();
        if (running.sent() || !error || now >= patience) co_return ending;
        if (error->code() == Code::lost && error->stage() == Stage::channel) continue;
        if (error->code() != Code::channel_refused) co_return ending;
        // MaxSessions: others of ours hold the places, or the server is still clearing one away.
        if ((*wire)->rescue_place && !(*wire)->rescue_unwanted) {
            (*wire)->rescue_unwanted = true;
            (*wire)->changed.notify();
        }
        if ((*wire)->commands() <= 1 && refusals_until == never) refusals_until = now + refusal_stands_after;
        if (now >= refusals_until) co_return ending;
        co_await flow::finishes(ports_.clock, std::min(patience, now + look_again), (*wire)->changed.wait());
    }
}

/// Pumps until the command is over. Beside it stands a guard, which ends the command when its time
/// is up and gives up waiting when there is nothing to wait for; output flows meanwhile.
Async<Outcome::Ending> Link::watch_over(Running& running, const std::shared_ptr<Wire>& wire, const Command& command) {
    Guard guard;
    {
        using namespace boost::asio::experimental::awaitable_operators;
        auto race = running.pump() || stand_guard(running, wire, guard);
        co_await std::move(race);
    }
    settle(running, wire);
    const bool never_ran = running.may_have_run() == Known::no;
    switch (guard.doom) {
        case Doom::none: co_return running.ending();
        case Doom::time_is_up: {
            if (guard.in_time) co_return running.ending();
            if (never_ran)
                co_return Refused{Error(Code::timed_out, Stage::channel, "the request was not sent in time")};
            if (!running.granted())
                co_return Lost{running.may_have_run(),
                               Error(Code::timed_out, Stage::request, "the request was not answered in time")};
            const bool gone = running.over() && running.status_seen();
            co_return TimedOut{gone ? Known::yes : guard.killed, command.limit().value_or(Duration{0})};
        }
        case Doom::cancelled: {
            if (running.over() && running.status_seen()) co_return running.ending();
            Error why(Code::cancelled, Stage::command,
                      guard.killed == Known::yes ? "cancelled, and ended on the VM" : "cancelled");
            if (never_ran) co_return Refused{std::move(why)};
            co_return Lost{running.may_have_run(), std::move(why)};
        }
        case Doom::other_boot:
        case Doom::silent_too_long: break;
    }
    Error why(Code::lost, Stage::command,
              guard.doom == Doom::other_boot ? "the VM has rebooted" : "the link stayed silent for too long");
    if (never_ran) co_return Refused{std::move(why)};
    co_return Lost{running.may_have_run(), std::move(why)};
}

/// Returns when waiting for the command makes no more sense; cancelled when it ends before.
Async<void> Link::stand_guard(Running& running, const std::shared_ptr<Wire>& wire, Guard& guard) {
    guard.doom = co_await running.doom();
    if (guard.doom != Doom::time_is_up && guard.doom != Doom::cancelled) co_return;
    // It ended in time; only a child of it still holds the output.
    guard.in_time = running.status_seen();
    if (!running.sent() || guard.in_time) co_return;
    // A request on its way is waited for, so that what it starts can be ended.
    if (!running.granted() && !wire->suspect())
        co_await flow::finishes(ports_.clock, ports_.clock.now() + answer_grace, running.granted_or_over());
    if (running.granted()) guard.killed = co_await end_process(running, wire);
    // The last words of the command, and its status, are usually on their way now.
    if (guard.killed == Known::yes) co_await ports_.clock.sleep_until(ports_.clock.now() + last_words_within);
}

/// Before an outcome is reported: no byte that could still start the command may stay behind.
void Link::settle(const Running& running, const std::shared_ptr<Wire>& wire) {
    if (running.may_be_delivered_later()) wire->session->abort();
}

}  // namespace vmc::link
