// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

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
    static constexpr Duration window = std::chrono::minutes(10);
    static constexpr std::size_t abandoned_limit = 4;
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
    /// Of the latest.
    [[nodiscard]] const std::string& why() const noexcept { return why_; }

    /// When the next connect may begin; nothing when it may now. A wall clock that was set back can
    /// make it at most `window` from now; what was recorded further ahead than that does not count.
    [[nodiscard]] std::optional<WallTime> held_until(WallTime now) const;

private:
    std::deque<WallTime> abandoned_;  ///< the latest abandoned_limit, oldest first
    std::string why_;
};

/// An accepted connection that came to this is one we left. Those that sshd ended by its own
/// decision (denied, throttled, booting, its end) are not held against us.
[[nodiscard]] bool is_abandoned(Code code) noexcept;

/// "etiquette/<16 hex digits>", of host and port: all users of a VM come from the same address.
[[nodiscard]] std::string etiquette_name(const Target& target);

}  // namespace vmc::model
