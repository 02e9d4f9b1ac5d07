// SPDX-License-Identifier: Apache-2.0
// What is being done about a VM that is not well: a record that all our processes share, and that outlives them.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <vm_connection/recovery.hpp>
#include <vm_connection/target.hpp>
#include <vm_connection/time.hpp>

#include "model/ladder.hpp"
#include "model/power_log.hpp"

namespace vmc::model {

/// One VM's incident, from the first look that found it ill to the proof that it is well, and what is kept of those
/// before. A step is written down before it is taken: whoever is killed in the middle has taken it.
class Incident {
public:
    struct Step {
        Rung rung = Rung::look_again;
        WallTime at{};
        WallTime until{};   ///< at the latest it is over then
        std::string mark;   ///< whose it is
        enum class State { open, worked, failed } state = State::open;
        std::string reason;
        std::string action;
        std::string result;
    };
    enum class State { none, open, given_up };
    /// Two looks further apart are no unbroken silence.
    static constexpr Duration longest_gap = std::chrono::seconds(90);
    /// Reboots of earlier incidents that are kept: enough for the budget of a day.
    static constexpr std::size_t kept = 128;

    Incident() = default;
    /// Nothing for what is not empty and no record of ours, whole and well-formed: who cannot read what was done must
    /// not act.
    [[nodiscard]] static std::optional<Incident> parse(std::string_view record);
    [[nodiscard]] std::string serialise() const;

    [[nodiscard]] State state() const noexcept { return state_; }
    [[nodiscard]] const std::string& id() const noexcept { return id_; }  ///< "20261128T042233Z-1a2b3c4d5e6f7081"
    [[nodiscard]] WallTime opened() const noexcept { return opened_; }
    [[nodiscard]] const std::vector<Step>& steps() const noexcept { return steps_; }

    /// `draw` makes the id one of a kind.
    void open(WallTime now, std::uint64_t draw);
    /// One look at it: whether nothing at all answered. What was silent stays so only from look to look.
    void looked(bool silent, WallTime now);
    /// The caller has asked deeds() in the same breath. `mark` is one word.
    void begin(Rung rung, WallTime now, Duration within, std::string mark, std::string reason, std::string action);
    void end(std::string_view mark, bool worked, std::string result);
    /// It stays until the VM is seen to be well: then what was taken may be taken again.
    void give_up() { state_ = State::given_up; }
    void take_up_again() { state_ = State::open; }
    /// Given up, and nothing was done for a day: a person has been there, or it is something else by now.
    [[nodiscard]] bool is_stale(WallTime now) const;
    /// The VM is well.
    void close();

    /// A step that somebody has taken and that is not over.
    [[nodiscard]] std::optional<Rung> under_way(WallTime now) const;
    /// In our own monotonic time. What the record says of a time to come was just now: a wall clock that was set back
    /// makes nothing older than it is.
    [[nodiscard]] Deeds deeds(const PowerLog& power, WallTime wall_now, Instant now) const;
    [[nodiscard]] std::optional<Instant> silent_since(WallTime wall_now, Instant now) const;
    /// When the VM was first seen ill, by the same.
    [[nodiscard]] Instant opened_on(WallTime wall_now, Instant now) const;

private:
    State state_ = State::none;
    std::string id_;
    WallTime opened_{};
    std::optional<WallTime> looked_;
    std::optional<WallTime> silent_;
    std::vector<Step> steps_;
    std::deque<WallTime> reboots_;  // of earlier incidents
};

/// "recovery/<16 hex digits>", of host and port.
[[nodiscard]] std::string incident_record_name(const Target& target);

}  // namespace vmc::model
