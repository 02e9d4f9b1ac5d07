// SPDX-License-Identifier: Apache-2.0
// From evidence to "is it alive, how sure are we, and why?".
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include <vm_connection/error.hpp>
#include <vm_connection/health.hpp>

namespace vmc::model {

/// What the answers alone do not say.
struct Circumstances {
    /// Of the SSH port: "open", "refused" (RST), "filtered" (silence), "unreachable", "unknown".
    std::string port_behavior = "unknown";
    /// Where and why the SSH attempt failed, when it did.
    std::optional<Error> ssh_error;
    /// This host has answered ICMP before. Else its silence there means nothing.
    bool answered_ping_before = false;
};

/// How much an observation speaks for "the operating system runs", in log-odds (natural). The
/// layers are nested, so the deepest that works and the first that fails are one observation:
/// adding them up would count one cause five times.
struct Weights {
    /// [deepest that works][first that fails], each: nothing, route, tcp, banner, authentication, exec, storage.
    std::array<std::array<double, 7>, 7> nested;
    double port_refused;     ///< instead of the cell, when TCP failed by RST
    double port_unreachable; ///< instead of the cell, when it failed by an ICMP error or no neighbour
    double sshd_spoke;       ///< instead of the cell: throttled, booting, denied: only a living sshd says so
    double ping_works, ping_fails;               ///< only where TCP does not work
    double ping_beside_tcp;                      ///< works, and TCP does too: hardly news
    double closed_port_works, closed_port_fails; ///< RST from a port seen closed from inside
};

/// The first table, by judgement from the 48 fault kinds of the field study (how often each cell
/// was a living kernel among them), not yet measured; to be fitted in the simulator on held-out seeds.
[[nodiscard]] const Weights& first_weights() noexcept;

/// The founding rule: alive when the OS shows signs at >= 0.60, or when SSH works at >= 0.70.
/// Unknown answers weigh nothing; without any known answer from the host itself: not alive, 0.0,
/// verdict unknown. Silence never makes a claim. `cause` is named only where the evidence leaves
/// no other; else "unknown", and "none" when healthy.
[[nodiscard]] Health assess(Level level, std::vector<Evidence> evidence, const Circumstances& around = {},
                            const Weights& weights = first_weights());

}  // namespace vmc::model
