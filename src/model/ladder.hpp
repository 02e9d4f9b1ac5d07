// SPDX-License-Identifier: Apache-2.0
// Which step brings a VM back, and why; or why none may be taken now. Pure: who climbs gathers what is known, carries
// out what is decided, and asks again.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <vm_connection/health.hpp>
#include <vm_connection/time.hpp>

namespace vmc::model {

/// From the gentlest up. Slugs: "look-again", "repair", "reboot", "sysrq", "nmi", "power-cycle".
enum class Rung { look_again, repair, reboot, sysrq, nmi, power_cycle };
[[nodiscard]] std::string_view slug(Rung rung) noexcept;
[[nodiscard]] std::optional<Rung> parse_rung(std::string_view text) noexcept;
/// It takes the system down, whatever runs there.
[[nodiscard]] constexpr bool is_destructive(Rung rung) noexcept { return rung >= Rung::reboot; }

/// What a power switch says, or the console beside it. `none`: there is no switch; `unknown`: it cannot say now.
enum class Power { none, unknown, on, off, paused, panicked, dumping };

/// What is known of the VM at this moment.
struct Condition {
    Verdict verdict = Verdict::unknown;
    bool claim = false;
    std::string cause = "unknown";
    /// The probability that it is we who are cut off or held up.
    double ours = 0;
    /// The last reading was of another machine, or contradicts itself.
    bool stranger = false;
    /// Some session runs commands, and as root (by sudo without a password, too).
    bool runs_commands = false;
    bool as_root = false;
    Power power = Power::none;
    bool can_nmi = false;
    /// Since when nothing at all has answered, without a break; and how many sources say so: a fresh login, the
    /// session from before, the power switch or the console, neighbours.
    std::optional<Instant> silent_since;
    int silent_sources = 0;
};

/// The others that we look after, this one counted.
struct Fleet {
    std::size_t size = 1;
    std::size_t failed = 1;
    std::size_t in_action = 0;
};

/// How far somebody lets us go. The numbers are DESIGN's: a group may set its own.
struct Limits {
    Rung up_to = Rung::power_cycle;
    Duration silence = std::chrono::minutes(5);  ///< before a destructive rung, where nothing is proven
    Duration between = std::chrono::minutes(15); ///< two power actions on one VM
    std::size_t a_day = 3;                       ///< power actions on one VM
    double share = 0.05;                         ///< of the fleet in action at once; one always may
    Duration takes_effect = std::chrono::minutes(3);  ///< so long a rung is waited for before the next
};

/// What has been done: rungs of this incident in their order, and power actions of the last day, oldest first.
struct Deeds {
    struct Taken {
        Rung rung;
        Instant at;
    };
    std::vector<Taken> rungs;
    std::vector<Instant> power_actions;
    /// Somebody's action on this VM is under way, ours of another process or a person's.
    bool in_flight = false;
};

/// `reason` is for people, one line.
struct Decision {
    enum class What {
        recovered,  ///< nothing is left to do
        act,        ///< take `rung` now
        wait,       ///< and look again, not later than `until`
        give_up,    ///< no rung is left, or none may be taken: a person is needed
    };
    What what = What::wait;
    Rung rung = Rung::look_again;
    Instant until;
    std::string reason;
    /// The rungs below that were passed over, and why.
    std::vector<std::pair<Rung, std::string>> passed_over;
};

/// Never the same rung twice in an incident, never one below another that was taken, never a destructive one on a VM
/// that may be well.
[[nodiscard]] Decision next_rung(const Condition& condition, const Fleet& fleet, const Limits& limits,
                                 const Deeds& deeds, Instant now);

}  // namespace vmc::model
