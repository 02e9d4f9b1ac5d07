// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include <vm_connection/recovery.hpp>

#include "health/check.hpp"
#include "port/console.hpp"
#include "recovery/casebook.hpp"
#include "recovery/comeback.hpp"
#include "recovery/rungs.hpp"

namespace vmc::recovery {

/// Brings one VM back: looks, asks model/ladder, writes down and takes what it says, and looks again, until the VM is
/// proven to be well, no step is left, or the policy's time is over. One use. Everything handed in outlives it.
class Climb {
public:
    /// `power` may be null: the VM has no switch; `console` too: nothing is captured of its console.
    Climb(link::Ports ports, port::Prober& prober, link::Link& link, port::PowerSwitch* power,
          port::ConsoleLog* console, const RecoveryPolicy& policy, RecoveryFn tell);

    Async<Recovery> run();

private:
    Async<Result<void>> look();
    Async<bool> step(const model::Decision& decision);
    Async<void> act(const model::Decision& decision);
    Async<bool> recovered();
    Async<void> wait(const model::Decision& decision);
    Async<void> until_it_answers(Instant until);
    Async<void> until_its_switch_speaks(Instant until);
    Async<void> overhear_for_ever();
    void heard(const PowerReading& said);
    [[nodiscard]] std::optional<WallTime> crash_kernel_since() const;
    void forget_crash_kernel();
    Async<bool> answers();
    Async<void> hear_console();
    Async<void> save_evidence(std::string when, bool of_boot_before);
    Async<bool> save_console(std::string when);
    void recall_boot();
    [[nodiscard]] Result<void> see_fleet();
    void outlook();
    [[nodiscard]] Recovery ended(bool recovered, std::string reason);
    Async<bool> changed_meanwhile(Rung rung);
    [[nodiscard]] model::Decision decide(const model::Deeds& deeds, const model::Fleet& fleet) const;

    link::Ports ports_;
    port::Prober& prober_;
    link::Link& link_;
    port::PowerSwitch* power_;
    port::ConsoleLog* console_;
    const RecoveryPolicy policy_;
    const Instant begun_;
    Casebook book_;
    Rungs rungs_;
    model::Condition condition_;
    model::Fleet fleet_;
    std::optional<BootRecord> before_;  // as it was known before the incident
    Recovery came_to_;
    std::string said_last_;
};

/// Told to reboot in order, and back with another boot, as the same machine. `tell`: "began", then "closed" as soon as
/// that is proven; how the old boot ended is asked after it.
Async<Result<Reboot>> reboot(link::Ports ports, port::Prober& prober, link::Link& link, Duration within,
                             RecoveryFn tell);

}  // namespace vmc::recovery
