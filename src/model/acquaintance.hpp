// SPDX-License-Identifier: Apache-2.0
// What we remember of a host from when it was well: what its silence means later hangs on it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <vm_connection/boot.hpp>
#include <vm_connection/target.hpp>
#include <vm_connection/time.hpp>

namespace vmc::model {

/// A record of the store, shared by all our processes. Values from a VM are kept only in their strict form.
struct Acquaintance {
    bool answered_ping = false;
    bool refused_closed_port = false;  ///< the port that is asked as "closed" has answered with RST
    bool forwarded = false;            ///< $SSH_CONNECTION there was not our socket: TCP speaks of a forwarder
    std::string canary;                ///< HOST or HOST PORT that has answered as its canary; empty: none has
    std::optional<WallTime> seen;      ///< when a command last worked
    Duration round_trip{};             ///< TCP's, when it was well; zero: not known
    std::optional<BootRecord> boot;    ///< the last authenticated reading

    [[nodiscard]] static Acquaintance parse(std::string_view record);
    [[nodiscard]] std::string serialise() const;
    /// Worth a write: something new is known, or it was last seen more than a minute before.
    [[nodiscard]] bool differs_from(const Acquaintance& before) const;
};

/// "known/<hash of host and port>".
[[nodiscard]] std::string acquaintance_name(const Target& target);

}  // namespace vmc::model
