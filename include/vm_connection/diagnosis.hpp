// SPDX-License-Identifier: Apache-2.0
// What broke, how sure we are, on which evidence, and what would settle it.
//
//     const auto diagnosis = vm.diagnose().get().value();
//     fmt::print("{}: {}\n", slug(diagnosis.health.verdict), diagnosis.health.cause);
//     for (const auto& h : diagnosis.hypotheses) fmt::print("{:3.0f} % {}\n", 100 * h.probability, h.cause);
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <vm_connection/boot.hpp>
#include <vm_connection/boot_story.hpp>
#include <vm_connection/export.hpp>
#include <vm_connection/health.hpp>
#include <vm_connection/time.hpp>

namespace vmc VMC_API {

/// One cause that could explain what was seen.
struct Hypothesis {
    std::string cause;         ///< stable slug: "path-dead", "sshd-down", "none", …
    double probability = 0.0;  ///< given all of the evidence, 0…1
    /// What was seen and is at least twice as frequent (or half as) with this cause as with the others
    /// together; for people, the strongest first.
    std::vector<std::string> speaks_for;
    std::vector<std::string> speaks_against;
};

/// The answer to "what is wrong with it?". `health.cause` names a cause only where the evidence leaves
/// one (at least 0.8); else it is "unknown" and `hypotheses` is the set that cannot be told apart.
/// The probabilities come from episodes counted in a simulator (doc/calibration.md): their mix is not yours.
struct Diagnosis {
    Health health;
    /// Our wall clock at the last sign of life; nothing while it answers, or when it never did.
    std::optional<WallTime> since;
    /// Most probable first; those below 1 % are left out.
    std::vector<Hypothesis> hypotheses;
    /// What nobody could tell us and would tell the hypotheses apart, the most telling first; for people.
    std::vector<std::string> would_settle;
    /// Against the last authenticated reading of this host, ours or that of an earlier program; `unknown`
    /// where there was none before or none now.
    BootChange boot_change = BootChange::unknown;
    /// What it tells of that change, where it was a new boot or its time stood still.
    std::optional<BootStory> boot;
};

/// What a cause means, for people: "sshd is not running". The slug itself where it is not one of ours.
[[nodiscard]] std::string_view words_of_cause(std::string_view cause) noexcept;

}  // namespace vmc VMC_API
