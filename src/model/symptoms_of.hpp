// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <vm_connection/boot.hpp>
#include <vm_connection/error.hpp>
#include <vm_connection/health.hpp>
#include <vm_connection/power.hpp>

#include "model/symptoms.hpp"

namespace vmc::model {

/// What the answers alone do not say.
struct Circumstances {
    Setting setting = Setting::direct;
    /// Of the SSH port: "open", "refused" (RST), "filtered" (silence), "unreachable", "unknown".
    std::string port_behavior = "unknown";
    /// Where and why the fresh login, or the command after it, failed.
    std::optional<Error> ssh_error;
    /// A session from before was asked while a fresh login was tried; what became of it.
    OldSession old_session = OldSession::unknown;
    /// This host has answered ICMP before. Else its silence there means nothing.
    bool answered_ping_before = false;
    /// Its port that is asked as closed_port has answered with RST before.
    bool refused_before = false;
    Ourselves ourselves = Ourselves::unknown;
    Pace pace = Pace::unknown;
    /// Asked where no fresh login works, and a session from before does.
    Listener listener = Listener::unknown;
    Canary canary = Canary::unknown;
    Company company = Company::unknown;
    /// By its power switch, asked where no command runs.
    PowerState power = PowerState::unknown;
    /// Against an earlier authenticated reading.
    BootChange boot_change = BootChange::unknown;
};

/// Pure: the same evidence gives the same symptoms.
[[nodiscard]] Symptoms symptoms_of(const std::vector<Evidence>& evidence, const Circumstances& around);

/// The worst that the system itself reports. `unknown` when it was not asked.
[[nodiscard]] System system_of(const std::vector<Evidence>& evidence);

}  // namespace vmc::model
