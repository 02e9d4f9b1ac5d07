// SPDX-License-Identifier: Apache-2.0
// Carries out what model/link_state decides.
#include "link/link.hpp"

#include <algorithm>

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "flow/deadline.hpp"

namespace vmc::link {

namespace {

constexpr Duration close_within = std::chrono::milliseconds(500);
/// A login under way is completed rather than left: five of those in ten minutes may get us banned.
constexpr Duration login_finishes_within = std::chrono::milliseconds(400);
/// An RST costs sshd nothing, and a booting VM answers so: look again soon (online within 1 s).
constexpr Duration refused_pause = std::chrono::milliseconds(500);
/// MaxStartups and penalties ease by the second; asking faster only prolongs them.
constexpr Duration throttled_pause = std::chrono::seconds(5);

/// For the login of a system that is on its way up or down see model::Etiquette::pace.
Duration shortest_pause(Code code) {
    if (code == Code::throttled) return throttled_pause;
    return code == Code::booting ? model::Etiquette::pace : Duration{0};
}

std::string milliseconds(Duration span) {
    return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(span).count()) + " ms";
}

std::string_view words(model::Liveness judged) {
    switch (judged) {
        case model::Liveness::suspect_path: return "nothing gets through: what we send is not acknowledged";
        case model::Liveness::suspect_peer: return "TCP answers, but nothing behind it does";
        default: return "no answer";
    }
}

}  // namespace

Link::Link(Ports ports, Target target, std::function<void(const Notice&)> tell_user)
    : ports_(std::move(ports)), target_(std::move(target)), tell_(std::move(tell_user)),
      approach_(ports_, target_, [this](Notice::Kind kind, std::string text) { tell(kind, std::move(text)); }),
      scope_(ports_.executor), changed_(ports_.executor), state_(model::Idle{}) {
    ports_.company.join(*this);
}

Link::~Link() {
    ports_.company.leave(*this);
    for (auto& wire : wires_) wire->session->abort();
}

void Link::feed(const model::LinkEvent& event) {
    auto step = model::step(state_, event, ports_.clock.now());
    state_ = std::move(step.next);
    for (const auto action : step.actions) {
        switch (action) {
            case model::Action::start_connect: connect_wanted_ = true; break;  // begun below
            case model::Action::cancel_connect: connect_wanted_ = false; break;
            case model::Action::set_timer:
                if (const auto* waiting = std::get_if<model::Waiting>(&state_)) timer_ = waiting->until;
                if (const auto* suspect = std::get_if<model::Suspect>(&state_)) timer_ = suspect->retry_at;
                break;
            case model::Action::cancel_timer: timer_.reset(); break;
            case model::Action::replace_session: break;  // adopt() has put it in place
            case model::Action::close_session:
                for (auto& wire : wires_) wire->session->abort();
                current_.reset();
                break;
            case model::Action::tell: tell_state(event); break;
        }
    }
    changed_.notify();
    // Only while there is something to wait for: an idle link holds no task for either.
    if (closed_) return;
    if (timer_ && !std::exchange(timing_, true)) scope_.spawn(keep_time());
    if (connect_wanted_ && !std::exchange(attempting_, true)) scope_.spawn(keep_connecting());
}

Async<Result<void>> Link::connect() {
    if (usable()) co_return Result<void>{};
    // Named first: with the await inside the `if`, g++ 12.2 lays the coroutine's frame out 8 bytes off.
    const bool up = co_await one_attempt();
    if (up) co_return Result<void>{};
    // Before the first success nobody waits behind us: no attempt that was not asked for.
    if (wires_made_ == 0) feed(model::StopWanted{});
    co_return std::unexpected(last_error_.value_or(Error(Code::cancelled, Stage::none, "closed")));
}

/// Asks for one. True once online; false when the attempt now under way has failed.
Async<bool> Link::one_attempt() {
    const int before = attempts_ended_;
    feed(model::ConnectWanted{});  // an attempt that is held back ends in here
    while (!usable() && attempts_ended_ == before && !std::holds_alternative<model::Stopped>(state_))
        co_await changed_.wait();
    co_return usable();
}

Async<bool> Link::reconnect(int retries, Duration delay) {
    if (retries <= 0) co_return false;
    feed(model::StopWanted{});
    for (int i = 0; i < retries; ++i) {
        if (i > 0) co_await ports_.clock.sleep_until(ports_.clock.now() + delay);
        while (attempting_) co_await changed_.wait();
        const bool up = co_await one_attempt();
        if (up) co_return true;
        if (last_error_ && model::is_hard_stop(last_error_->code())) co_return false;
        feed(model::StopWanted{});
    }
    co_return false;
}

/// The one timer of the state machine.
Async<void> Link::keep_time() {
    while (timer_) {
        if (ports_.clock.now() < *timer_) {
            co_await flow::finishes(ports_.clock, *timer_, changed_.wait());
        } else {
            timer_.reset();
            feed(model::TimerFired{});
        }
    }
    timing_ = false;
}

/// The one attempt at a time.
Async<void> Link::keep_connecting() {
    while (connect_wanted_) {
        const bool may_park = patient_ || wires_made_ > 0;
        auto reached = co_await approach_.reach(ports_.clock.now() + target_.connect_timeout(), may_park);
        attempt_ended(std::move(reached));
    }
    attempting_ = false;
    changed_.notify();
}

void Link::attempt_ended(Result<std::unique_ptr<port::Session>> reached) {
    ++attempts_ended_;
    // Asked to stop meanwhile: a login that was under way has been completed, as sshd likes it.
    const bool wanted = std::exchange(connect_wanted_, false);
    if (!wanted) {
        changed_.notify();
        return;
    }
    if (reached) {
        last_error_.reset();
        adopt(std::move(*reached));
        feed(model::Connected{});
        return;
    }
    last_error_ = reached.error();
    feed(model::ConnectFailed{*last_error_, retry_at(*last_error_)});
}

Instant Link::retry_at(const Error& why) {
    Duration pause = backoff_.next(ports_.random.draw());
    if (why.code() == Code::refused) pause = std::min(pause, refused_pause);
    pause = std::max(pause, shortest_pause(why.code()));
    return std::max(ports_.clock.now() + pause, std::min(approach_.may_connect_at(), never));
}

void Link::tell(Notice::Kind kind, std::string text) {
    if (tell_) tell_(Notice(kind, ports_.clock.wall_now(), std::move(text)));
}

void Link::tell_state(const model::LinkEvent& because) {
    if (const auto* end = std::get_if<model::Ended>(&because)) tell(Notice::Kind::ended, end->why.line());
    if (std::holds_alternative<model::Connecting>(state_)) {
        tell(Notice::Kind::connecting, "connecting to " + target_.name());
    } else if (std::holds_alternative<model::Online>(state_)) {
        if (std::holds_alternative<model::AnsweredAgain>(because))
            tell(Notice::Kind::answered, "answers again; what runs there goes on");
        else tell(Notice::Kind::online, "connected to " + target_.name());
    } else if (const auto* waiting = std::get_if<model::Waiting>(&state_)) {
        tell(Notice::Kind::waiting,
             waiting->because.line() + "; next attempt in " + milliseconds(waiting->until - ports_.clock.now()));
    } else if (const auto* stopped = std::get_if<model::Stopped>(&state_)) {
        tell(Notice::Kind::stopped, stopped->why ? stopped->why->line() : "closed");
    } else if (const auto* suspect = std::get_if<model::Suspect>(&state_)) {
        if (suspect->gave_up) return tell(Notice::Kind::stopped, suspect->gave_up->line());
        tell(Notice::Kind::suspect, std::string(words(suspect->because)) + " (quiet for " +
                                        milliseconds(ports_.clock.now() - suspect->last_received) +
                                        "); not given up, trying a new connection beside it");
    }
}

Async<void> Link::close() {
    co_await flow::finishes(ports_.clock, ports_.clock.now() + login_finishes_within, approach_.no_login_under_way());
    closed_ = true;
    scope_.stop();
    co_await scope_.join();
    const Instant deadline = ports_.clock.now() + close_within;
    for (auto& wire : wires_) {
        if (!wire->suspect() && wire->session->alive()) co_await wire->session->close(deadline);
        else wire->session->abort();
    }
    wires_.clear();
    current_.reset();
    state_ = model::Stopped{};
    changed_.notify();
}

}  // namespace vmc::link
