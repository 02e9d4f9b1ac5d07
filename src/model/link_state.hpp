// SPDX-License-Identifier: Apache-2.0
// The state of one link and what moves it. Pure: the link carries the actions out and keeps the
// sessions; here is only what follows from what.
#pragma once

#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include <vm_connection/error.hpp>
#include <vm_connection/time.hpp>

#include "model/liveness.hpp"

namespace vmc::model {

/// Nobody wants the host yet.
struct Idle {};
/// An attempt is under way; there is no session.
struct Connecting {
    int attempt = 1;
    Instant since;
};
/// An authenticated session answers.
struct Online {
    Instant since;
};
/// The session has gone quiet. It stays, with its channels, and a new one is opened beside it.
struct Suspect {
    Instant since;
    Instant last_received;             ///< of the quiet session: what people are told
    Liveness because = Liveness::suspect;
    int attempt = 1;                   ///< of the new session, counted from 1
    std::optional<Instant> retry_at;   ///< set: between two attempts; not set: one is under way
    std::optional<Error> gave_up;      ///< a hard stop met beside: no more attempts
};
/// Between two attempts, without a session.
struct Waiting {
    Instant until;
    int attempt = 1;
    Error because;
};
/// No attempt will be made until somebody asks again. `why` is empty when we were asked to stop.
struct Stopped {
    std::optional<Error> why;
};

using LinkState = std::variant<Idle, Connecting, Online, Suspect, Waiting, Stopped>;
/// "idle", "connecting", "online", "suspect", "waiting", "stopped": stable.
[[nodiscard]] std::string_view slug(const LinkState& state) noexcept;

struct ConnectWanted {};
/// The attempt under way gave an authenticated session.
struct Connected {};
/// It did not. `retry_at`: from Backoff and Etiquette, whichever is later.
struct ConnectFailed {
    Error why;
    Instant retry_at;
};
struct WentQuiet {
    Instant last_received;
    Liveness because = Liveness::suspect;
};
/// Bytes arrived on the quiet session.
struct AnsweredAgain {};
/// The session (the quiet one, in Suspect) ended: RST, FIN, DISCONNECT.
struct Ended {
    Error why;
    Instant retry_at;
};
struct TimerFired {};
struct StopWanted {};
/// A second session or a probe of this host met one; for identity (a changed key), not for a
/// login that one key alone was denied.
struct HardStop {
    Error why;
};

using LinkEvent = std::variant<ConnectWanted, Connected, ConnectFailed, WentQuiet, AnsweredAgain, Ended, TimerFired,
                               StopWanted, HardStop>;

/// In the order they are to be carried out.
enum class Action {
    start_connect,   ///< to replace or to begin; never while one is under way
    cancel_connect,  ///< drop the attempt under way
    set_timer,       ///< at `until` or `retry_at` of the new state
    cancel_timer,
    replace_session, ///< new commands go to the new session; the old one stays as a witness and for its own channels
    close_session,   ///< orderly
    tell,            ///< the state people see has changed
};

struct Step {
    LinkState next;
    std::vector<Action> actions;
    bool operator()(Action action) const;  ///< is it among them?
};

/// An event that has no meaning in a state (a timer that fired late, an answer after the end)
/// changes nothing and asks for nothing.
[[nodiscard]] Step step(const LinkState& state, const LinkEvent& event, Instant now);

/// Failures that repeating can only make worse or cannot change: they wait for a person or a new
/// configuration. All others are retried by themselves.
[[nodiscard]] bool is_hard_stop(Code code) noexcept;

}  // namespace vmc::model
