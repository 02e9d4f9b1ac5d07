// SPDX-License-Identifier: Apache-2.0
// What was done to a VM's power, and what is being done: a record that all our processes share.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include <vm_connection/power.hpp>
#include <vm_connection/target.hpp>
#include <vm_connection/time.hpp>

namespace vmc::model {

/// Written before an action is taken, so that there are never two at once, also when whoever took it was killed:
/// then it counts as under way until the time it had is over.
class PowerLog {
public:
    struct Deed {
        PowerAction action;
        WallTime at;
        WallTime until;     ///< at the latest it is over then
        std::string mark;   ///< whose it is
        bool over = false;
    };
    /// Enough for the budget of a day.
    static constexpr std::size_t kept = 128;

    PowerLog() = default;
    /// Nothing for what is not empty and no record of ours, whole and well-formed: who cannot read what was done must
    /// not act.
    [[nodiscard]] static std::optional<PowerLog> parse(std::string_view record);
    /// A line for each, oldest first.
    [[nodiscard]] std::string serialise() const;

    /// The action that is under way. A wall clock that was set back makes none last longer than it was given.
    [[nodiscard]] std::optional<Deed> under_way(WallTime now) const;
    /// `mark` is one word. The caller has asked under_way() in the same breath.
    void begin(PowerAction action, WallTime now, Duration within, std::string mark);
    void end(std::string_view mark);
    [[nodiscard]] const std::deque<Deed>& deeds() const noexcept { return deeds_; }

private:
    std::deque<Deed> deeds_;
};

/// "power/<16 hex digits>", of host and port.
[[nodiscard]] std::string power_log_name(const Target& target);

}  // namespace vmc::model
