// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include <vm_connection/target.hpp>
#include <vm_connection/time.hpp>

namespace vmc::model {

/// The authentication breaker of one (host, port, user, keys): after two denials in a row we do
/// not try again for ten minutes, so that a shell loop of `vmc exec` does not get the address
/// banned (fail2ban: 5 failures in 10 minutes; sshd >= 9.8: 4 in a burst lock out). Kept as a
/// record in the state directory; a value here, so that Store::update can change it.
class Breaker {
public:
    static constexpr int limit = 2;
    static constexpr Duration hold = std::chrono::minutes(10);

    Breaker() = default;
    /// Anything that is not a record of ours, whole and well-formed, is a closed breaker.
    [[nodiscard]] static Breaker parse(std::string_view record);
    /// A few `key=value` lines.
    [[nodiscard]] std::string serialise() const;

    /// The server refused every key we offered. A denial older than `hold` is forgotten.
    void denied(WallTime now);
    /// A login worked: closes it, and this credential is known to be good here from now on.
    void worked();

    /// When we may try again; nothing when we may now. A wall clock that was set back can make it
    /// at most `hold` from now; a denial recorded further ahead than that counts as none.
    [[nodiscard]] std::optional<WallTime> open_until(WallTime now) const;
    /// It let us in at least once. If not, the VM may still be in its first boot.
    [[nodiscard]] bool worked_before() const noexcept { return worked_before_; }

    bool operator==(const Breaker&) const = default;

private:
    [[nodiscard]] bool counts(WallTime now) const;

    int denials_ = 0;
    WallTime last_denied_{};
    bool worked_before_ = false;
};

/// "breaker/<16 hex digits>", of host, port, user and key paths.
[[nodiscard]] std::string breaker_name(const Target& target);

}  // namespace vmc::model
