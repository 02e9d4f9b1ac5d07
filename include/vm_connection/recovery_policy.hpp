// SPDX-License-Identifier: Apache-2.0
// The steps by which a VM may be brought back, and how far somebody lets us go.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>

#include <vm_connection/export.hpp>
#include <vm_connection/time.hpp>

namespace vmc VMC_API {

/// The steps of the ladder, from the gentlest up. Slugs: "look-again", "repair", "reboot", "sysrq", "nmi",
/// "power-cycle".
enum class Rung {
    look_again,
    repair,  ///< from inside, over a session that works: start sshd, lift a ban on us, free a full process table
    reboot,  ///< orderly, over SSH
    sysrq,  ///< sync, then a panic that pstore keeps and that starts it anew
    nmi,  ///< from its hypervisor: a kernel that is set so panics, and keeps its last words
    power_cycle,  ///< or power on, where it is off
};
[[nodiscard]] std::string_view slug(Rung rung) noexcept;
[[nodiscard]] std::optional<Rung> parse_rung(std::string_view text) noexcept;
/// It takes the system down, whatever runs there.
[[nodiscard]] constexpr bool is_destructive(Rung rung) noexcept { return rung >= Rung::reboot; }

/// How far somebody lets us go. The defaults are made for VMs that people work on.
class RecoveryPolicy {
public:
    /// For machines that exist to be broken: silence of 15 s is enough, 1 min between two power actions, 100 a day.
    [[nodiscard]] static RecoveryPolicy lab() {
        return RecoveryPolicy().silence(std::chrono::seconds(15)).between(std::chrono::minutes(1)).a_day(100);
    }
    /// The highest step that may be taken.
    RecoveryPolicy& up_to(Rung rung) {
        up_to_ = rung;
        return *this;
    }
    /// So long nothing at all of it has to have answered, by two sources, before its power is cycled, where nothing
    /// is proven. Proof needs no wait.
    RecoveryPolicy& silence(Duration span) {
        silence_ = span;
        return *this;
    }
    /// Between two power actions on one VM, and between orderly reboots of two incidents.
    RecoveryPolicy& between(Duration span) {
        between_ = span;
        return *this;
    }
    /// Power actions on one VM within 24 h, and as many orderly reboots.
    RecoveryPolicy& a_day(std::size_t count) {
        a_day_ = count;
        return *this;
    }
    /// How much of the fleet may be in action at once; one VM always may.
    RecoveryPolicy& fleet_share(double share) {
        fleet_share_ = share;
        return *this;
    }
    /// How many VMs are looked after, where that is more than we can see: no step is taken when of four or more
    /// over a half failed together. 0: those that we see.
    RecoveryPolicy& fleet_size(std::size_t count) {
        fleet_size_ = count;
        return *this;
    }
    /// So long a step is waited for before the next.
    RecoveryPolicy& takes_effect(Duration span) {
        takes_effect_ = span;
        return *this;
    }
    /// For all of it.
    RecoveryPolicy& within(Duration span) {
        within_ = span;
        return *this;
    }
    /// Looks, decides and says what would be done; nothing is.
    RecoveryPolicy& dry_run(bool yes) {
        dry_run_ = yes;
        return *this;
    }

    [[nodiscard]] Rung up_to() const noexcept { return up_to_; }
    [[nodiscard]] Duration silence() const noexcept { return silence_; }
    [[nodiscard]] Duration between() const noexcept { return between_; }
    [[nodiscard]] std::size_t a_day() const noexcept { return a_day_; }
    [[nodiscard]] double fleet_share() const noexcept { return fleet_share_; }
    [[nodiscard]] std::size_t fleet_size() const noexcept { return fleet_size_; }
    [[nodiscard]] Duration takes_effect() const noexcept { return takes_effect_; }
    [[nodiscard]] Duration within() const noexcept { return within_; }
    [[nodiscard]] bool dry_run() const noexcept { return dry_run_; }

private:
    Rung up_to_ = Rung::power_cycle;
    Duration silence_ = std::chrono::minutes(5);
    Duration between_ = std::chrono::minutes(15);
    std::size_t a_day_ = 3;
    double fleet_share_ = 0.05;
    std::size_t fleet_size_ = 0;
    Duration takes_effect_ = std::chrono::minutes(3);
    Duration within_ = std::chrono::hours(1);
    bool dry_run_ = false;
};

}  // namespace vmc VMC_API
