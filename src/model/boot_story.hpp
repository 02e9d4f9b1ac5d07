// SPDX-License-Identifier: Apache-2.0
// From two readings and the VM's own traces to what happened between them.
#pragma once

#include <string>
#include <vector>

#include <vm_connection/boot_story.hpp>

#include "model/boot_clues.hpp"
#include "model/system_report.hpp"

namespace vmc::model {

/// The two readings alone: the change, and what can be said without asking the VM.
[[nodiscard]] BootStory boot_story(const BootRecord& before, const BootRecord& now);

/// With what the VM says. `asked`: between which moments of our clock it was; its times are brought to ours by it.
/// `last_heartbeat`: by the VM's clock, of a job that ran in the boot that was recorded, besides those that the VM
/// still has; zero: none is known.
/// Counts only what happened between the two readings: a panic of last week is no cause of today's reboot.
[[nodiscard]] BootStory boot_story(const BootRecord& before, const BootRecord& now, const BootClues& clues,
                                   AskedBetween asked, WallTime last_heartbeat = {});

/// The boots of one link in the order they were read. An identity that shows boot A, then B, then A again is two
/// machines, or one that was put back: it is not called a reboot.
class BootsSeen {
public:
    /// What changed since the last; `unknown` for the first.
    BootChange see(const BootRecord& record);
    [[nodiscard]] const std::optional<BootRecord>& last() const noexcept { return last_; }

private:
    static constexpr std::size_t most = 64;  ///< a boot loop forgets the oldest
    std::optional<BootRecord> last_;
    std::vector<BootId> earlier_;
};

}  // namespace vmc::model
