// SPDX-License-Identifier: Apache-2.0
// From "the VM is gone" to "it is back, and this is what happened": the gentlest step that may help, and no other.
//
//     auto done = vm.recover(vmc::RecoveryPolicy().up_to(vmc::Rung::reboot)).get().value();
//     fmt::print("{}: {}\n", done.recovered ? "back" : "not back", done.reason);
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <vm_connection/boot_story.hpp>
#include <vm_connection/diagnosis.hpp>
#include <vm_connection/export.hpp>
#include <vm_connection/recovery_policy.hpp>
#include <vm_connection/time.hpp>

namespace vmc VMC_API {

/// One step that was taken, ours or one of an earlier process in the same incident.
struct RecoveryStep {
    Rung rung = Rung::look_again;
    WallTime at{};
    std::string reason;
    std::string action;  ///< exactly what was done
    bool worked = false;  ///< it was carried out; whether it helped is in what was seen then
    std::string result;
};

/// A step as it stands now, for who wants to know before anything is done.
struct RungOutlook {
    Rung rung = Rung::look_again;
    bool may = false;
    bool later = false;  ///< not now, and when it goes on like this for a while
    std::string why;  ///< why it may be taken, or why not
    std::string action;  ///< exactly what it would do
};

/// What became of it.
struct Recovery {
    bool recovered = false;  ///< well, and verified: boot and identity read, two commands in a row
    std::string reason;  ///< for people: why it ended so, one line
    std::string incident;  ///< its id; empty: there was none
    std::vector<RecoveryStep> steps;
    std::vector<RungOutlook> outlook;  ///< of a dry run
    Diagnosis found;  ///< by the last look
    std::optional<BootStory> boot;  ///< since before the incident, where both boots were read
    std::optional<Duration> down;  ///< from the first look that found it ill to the proof that it is well
    Duration took{};
};

/// What goes on, as it goes on; the same words stand in the incident log. Slugs: "opened", "looked", "decided",
/// "began", "ended", "evidence", "closed".
struct RecoveryNews {
    WallTime at{};
    std::string event;
    std::string text;  ///< for people
};
using RecoveryFn = std::function<void(const RecoveryNews&)>;

/// An orderly reboot that was asked for, and verified.
struct Reboot {
    explicit Reboot(BootStory told) : story(std::move(told)) {}
    BootStory story;
    Duration silent{};  ///< from the last answer of the old boot to the first of the new one
    Duration took{};  ///< from the order to the proof
};

}  // namespace vmc VMC_API
