// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <vm_connection/error.hpp>
#include <vm_connection/target.hpp>
#include <vm_connection/time.hpp>

namespace vmc::model {

/// What one VM's sshd may be asked to bear, so that we never get ourselves banned. fail2ban's
/// aggressive mode counts connections that were accepted and then left without a login (5 in
/// 10 minutes bans), and each one holds a MaxStartups slot. RST and timeouts never reach sshd
/// and are free; a login that was decided is free. Kept as a record in the state directory, like
/// the breaker: a shell loop of `vmc exec` is one visitor to that sshd, not many.
class Etiquette {
public:
    /// fail2ban's ten minutes, and a LoginGraceTime: where our farewell is lost on the way, sshd finds out two minutes
    /// later that we left, and it counts from then.
    static constexpr Duration window = std::chrono::minutes(12);
    static constexpr std::size_t abandoned_limit = 4;
    /// Left unserved, in a row, before one in a window has to do.
    static constexpr std::size_t unserved_limit = 3;
    /// Between two logins while an account module keeps everybody out: sshd >= 9.8 takes each for a failed one and
    /// counts 5 s against us, and more than 15 s lock us out. At this pace each is over before the next.
    static constexpr Duration pace = std::chrono::seconds(5);
    /// Under way at a time, far below MaxStartups 10:30:100, which counts everybody's.
    static constexpr std::size_t handshakes_at_a_vm = 2;
    static constexpr std::size_t handshakes_at_a_bastion = 8;

    Etiquette() = default;
    /// Anything that is not a record of ours, whole and well-formed, is an empty one.
    [[nodiscard]] static Etiquette parse(std::string_view record);
    /// `key=value` lines.
    [[nodiscard]] std::string serialise() const;

    /// TCP was accepted, and we left before the login was decided. `why`: one line for people.
    void abandoned(WallTime when, std::string_view why = {});
    /// The same before sshd had said a word: it may lie in the listen queue of an sshd that hangs, and is met with
    /// all others there the moment it wakes up, however old. Counts until served().
    void unserved(WallTime when, std::string_view why = {});
    /// Our kernel gave it up before sshd had said a word. sshd finds out by itself, at the latest when it has waited
    /// for a login long enough: once, be it in its queue or at work.
    void given_up(WallTime when, std::string_view why = {});
    /// sshd has spoken to us: what lay in its queue, it has just met. Where it was started anew (a port that
    /// refuses), there is no queue any more.
    void served(WallTime when);
    void queue_is_gone() { unserved_.clear(); }
    [[nodiscard]] bool has_unserved() const noexcept { return !unserved_.empty(); }
    /// Of the latest.
    [[nodiscard]] const std::string& why() const noexcept { return why_; }

    /// The key was right and the system lets nobody in (pam_nologin); or such a login is about to begin.
    void kept_out(WallTime when) { kept_out_ = when; }
    void let_in() { kept_out_ = {}; }
    /// It kept us out within the last minute: whoever asks next says kept_out() before he does.
    [[nodiscard]] bool keeps_out(WallTime now) const;
    [[nodiscard]] WallTime paced_until() const {
        return kept_out_ + std::chrono::floor<std::chrono::milliseconds>(pace);
    }

    /// A connection is about to be made, which may come to no login: a place among the abandoned_limit, to be given
    /// back when it is known what it came to. Nothing while those under way and those left of late take all; nor, where
    /// any was left of late, within `pace` of another: two whose farewells are lost are 10 s each to sshd >= 9.8, at
    /// the end of its LoginGraceTime. A process that is killed gives none back, and rightly: its connection ends
    /// without a login.
    [[nodiscard]] std::optional<WallTime> begin(WallTime now);
    void end(WallTime place) { std::erase(under_way_, place); }

    /// When the next connect may begin; nothing when it may now. A wall clock that was set back can
    /// make it at most `window` from now; what was recorded further ahead than that does not count.
    [[nodiscard]] std::optional<WallTime> held_until(WallTime now) const;

private:
    void remember(std::deque<WallTime>& kind, WallTime when, std::string_view why);
    [[nodiscard]] WallTime unlike_others(WallTime when) const;
    [[nodiscard]] bool counts_already(WallTime unserved) const;
    /// When the connections were left that still count, oldest first.
    [[nodiscard]] std::vector<WallTime> of_late(WallTime now) const;

    std::deque<WallTime> abandoned_;  ///< the latest abandoned_limit, oldest first
    std::deque<WallTime> unserved_;  ///< likewise
    std::deque<WallTime> under_way_;  ///< when each began, of all our processes
    WallTime kept_out_{};  ///< zero: never
    std::string why_;
};

/// An accepted connection that came to this is one we left: also when our kernel gave it up. Those that sshd ended by
/// its own decision (denied, throttled, booting, its end) are not held against us.
[[nodiscard]] bool is_abandoned(const Error& why) noexcept;

/// "etiquette/<16 hex digits>", of host and port: all users of a VM come from the same address.
[[nodiscard]] std::string etiquette_name(const Target& target);

}  // namespace vmc::model
