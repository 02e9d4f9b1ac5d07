// SPDX-License-Identifier: Apache-2.0
#include "model/link_state.hpp"

#include <algorithm>
#include <utility>

namespace vmc::model {
namespace {

using enum Action;

/// One overload for each pair that means something; the template takes the rest.
class Rules {
public:
    explicit Rules(const LinkState& state, Instant now) : state_(state), now_(now) {}

    template <class S, class E>
    Step operator()(const S&, const E&) const {
        return {state_, {}};
    }

    Step operator()(const Idle&, const ConnectWanted&) const { return begin(1); }
    Step operator()(const Stopped&, const ConnectWanted&) const { return begin(1); }
    /// Somebody wants it now: the pause is over, the count of attempts stays.
    Step operator()(const Waiting& s, const ConnectWanted&) const {
        return {Connecting{s.attempt + 1, now_}, {cancel_timer, start_connect, tell}};
    }
    Step operator()(const Waiting& s, const TimerFired&) const { return begin(s.attempt + 1); }

    Step operator()(const Connecting&, const Connected&) const { return {Online{now_}, {replace_session, tell}}; }
    Step operator()(const Connecting& s, const ConnectFailed& e) const {
        if (is_hard_stop(e.why.code())) return {Stopped{e.why}, {tell}};
        return {Waiting{e.retry_at, s.attempt, e.why}, {set_timer, tell}};
    }

    Step operator()(const Online&, const WentQuiet& e) const {
        return {Suspect{now_, e.last_received, e.because, 1, std::nullopt, std::nullopt}, {tell, start_connect}};
    }
    Step operator()(const Online&, const Ended& e) const { return after_loss(e, 0); }

    Step operator()(const Suspect& s, const Connected&) const {
        if (s.retry_at || s.gave_up) return {state_, {}};
        return {Online{now_}, {replace_session, tell}};
    }
    Step operator()(const Suspect& s, const ConnectFailed& e) const {
        Suspect next = s;
        if (is_hard_stop(e.why.code())) {
            next.gave_up = e.why;
            return {next, {tell}};
        }
        next.retry_at = e.retry_at;
        return {next, {set_timer}};
    }
    Step operator()(const Suspect& s, const TimerFired&) const {
        if (!s.retry_at) return {state_, {}};
        Suspect next = s;
        next.retry_at.reset();
        ++next.attempt;
        return {next, {start_connect}};
    }
    Step operator()(const Suspect& s, const AnsweredAgain&) const {
        // The machine we know answered, but another one stands where it should: no new command.
        if (s.gave_up && about_identity(s.gave_up->code())) return {Stopped{s.gave_up}, {tell}};
        if (s.gave_up) return {Online{now_}, {tell}};
        return {Online{now_}, {s.retry_at ? cancel_timer : cancel_connect, tell}};
    }
    Step operator()(const Suspect& s, const Ended& e) const {
        if (s.gave_up) return {Stopped{s.gave_up}, {tell}};
        if (s.retry_at) return {Waiting{*s.retry_at, s.attempt, e.why}, {tell}};
        return {Connecting{s.attempt, now_}, {tell}};
    }

    template <class S>
    Step operator()(const S&, const StopWanted&) const {
        return stop({});
    }
    template <class S>
    Step operator()(const S&, const HardStop& e) const {
        return stop(e.why);
    }
    Step operator()(const Stopped&, const StopWanted&) const { return {state_, {}}; }
    Step operator()(const Stopped&, const HardStop& e) const { return {Stopped{e.why}, {tell}}; }

private:
    Step begin(int attempt) const { return {Connecting{attempt, now_}, {start_connect, tell}}; }

    Step after_loss(const Ended& e, int attempt) const {
        if (is_hard_stop(e.why.code())) return {Stopped{e.why}, {tell}};
        return {Waiting{e.retry_at, attempt, e.why}, {set_timer, tell}};
    }

    /// A hard stop leaves the session to the commands that run on it; being asked to stop does not.
    Step stop(std::optional<Error> why) const {
        std::vector<Action> actions;
        const auto* suspect = std::get_if<Suspect>(&state_);
        const bool timer = std::holds_alternative<Waiting>(state_) || (suspect && suspect->retry_at);
        const bool attempt =
            std::holds_alternative<Connecting>(state_) || (suspect && !suspect->retry_at && !suspect->gave_up);
        if (timer) actions.push_back(cancel_timer);
        if (attempt) actions.push_back(cancel_connect);
        if (!why && (suspect || std::holds_alternative<Online>(state_))) actions.push_back(close_session);
        actions.push_back(tell);
        return {Stopped{std::move(why)}, std::move(actions)};
    }

    static bool about_identity(Code code) {
        return code == Code::host_key_changed || code == Code::host_key_revoked || code == Code::host_key_unknown;
    }

    const LinkState& state_;
    Instant now_;
};

}  // namespace

bool Step::operator()(Action action) const { return std::ranges::find(actions, action) != actions.end(); }

Step step(const LinkState& state, const LinkEvent& event, Instant now) {
    return std::visit(Rules(state, now), state, event);
}

std::string_view slug(const LinkState& state) noexcept {
    constexpr std::string_view names[] = {"idle", "connecting", "online", "suspect", "waiting", "stopped"};
    return names[state.index()];
}

bool is_hard_stop(Code code) noexcept {
    switch (code) {
        case Code::bad_request:
        case Code::no_common_algorithm:
        case Code::host_key_unknown:
        case Code::host_key_changed:
        case Code::host_key_revoked:
        case Code::key_unusable:
        case Code::auth_denied:
        case Code::auth_held:
        case Code::restricted_shell:
        case Code::cancelled: return true;
        case Code::local:
        case Code::unknown_name:
        case Code::unreachable:
        case Code::refused:
        case Code::timed_out:
        case Code::protocol:
        case Code::throttled:
        case Code::held:
        case Code::booting:
        case Code::channel_refused:
        case Code::declined:
        case Code::lost:
        case Code::no_status: return false;
    }
    return false;
}

}  // namespace vmc::model
