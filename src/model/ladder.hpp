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
#include <vm_connection/power.hpp>
#include <vm_connection/recovery.hpp>
#include <vm_connection/time.hpp>

namespace vmc::model {

/// What is known of the VM at this moment.
struct Condition {
    Verdict verdict = Verdict::unknown;
    bool claim = false;
    std::string cause = "unknown";
    /// Where it is not known: what a repair, which harms nobody, is worth a try for; empty: nothing.
    std::string suspected;
    static constexpr std::string_view on_suspicion = " by the look of it";  ///< stands in the reason of such a step
    static constexpr std::string_view was_off = "it is off by its power switch";  ///< and this, where it only turns on
    [[nodiscard]] const std::string& to_repair() const { return suspected.empty() ? cause : suspected; }
    /// The probability that it is we who are cut off or held up.
    double ours = 0;
    /// The last reading was of another machine, or contradicts itself.
    bool stranger = false;
    /// Some session runs commands, and as root (by sudo without a password, too).
    bool runs_commands = false;
    bool as_root = false;
    /// A shell is kept ready there, which needs no new process.
    bool rescue = false;
    /// By its power switch, or the console beside it; nothing: there is no switch.
    std::optional<PowerState> power;
    std::string power_words;  ///< its own, or why it could not be asked
    bool can_nmi = false;
    /// Since when nothing at all has answered, without a break; and how many sources say so: a fresh login, the
    /// session from before, the power switch or the console, neighbours.
    std::optional<Instant> silent_since;
    int silent_sources = 0;
    /// Nothing at all of it answered this time, and nobody on the way spoke for it.
    bool silent = false;
};

/// The others that we look after, this one counted.
struct Fleet {
    std::size_t size = 1;
    std::size_t failed = 1;
    std::size_t in_action = 0;
};

/// What has been done: rungs of this incident in their order; power actions of the last day, and orderly reboots of
/// earlier incidents, oldest first.
struct Deeds {
    struct Taken {
        Rung rung;
        Instant at;
        bool suspected = false;  ///< for a cause that was only suspected
        bool carried_out = false;  ///< to its end, by whoever took it
        bool turns_off = false;  ///< before it turns on
    };
    std::vector<Taken> rungs;
    std::vector<Instant> power_actions;  ///< but NMIs
    std::vector<Instant> nmis;
    std::vector<Instant> reboots;
    /// Somebody's action on this VM is under way, ours of another process or a person's.
    bool in_flight = false;
};

/// `reason` is for people, one line.
struct Decision {
    enum class What {
        recovered,  ///< nothing is left to do
        act,  ///< take `rung` now
        wait,  ///< and look again, not later than `until`
        give_up,  ///< no rung is left, or none may be taken: a person is needed
    };
    What what = What::wait;
    Rung rung = Rung::look_again;
    Instant until;
    std::string reason;
    /// The rungs below that were passed over, and why.
    std::vector<std::pair<Rung, std::string>> passed_over;
};

/// Never the same rung twice in an incident, never one below another that was taken, never a destructive one on a VM
/// that may be well. The second half of a power cycle that was cut short after the first is no second one.
[[nodiscard]] Decision next_rung(const Condition& condition, const Fleet& fleet, const RecoveryPolicy& policy,
                                 const Deeds& deeds, Instant now);

/// Each rung by itself: whether it may be taken now, and why or why not. Without its action.
[[nodiscard]] std::vector<RungOutlook> outlook(const Condition& condition, const Fleet& fleet,
                                               const RecoveryPolicy& policy, const Deeds& deeds, Instant now);

}  // namespace vmc::model
