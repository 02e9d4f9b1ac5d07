// SPDX-License-Identifier: Apache-2.0
// From evidence to "is it alive, how sure are we, and why?".
#pragma once

#include <vector>

#include <vm_connection/diagnosis.hpp>
#include <vm_connection/health.hpp>

#include "model/likelihoods.hpp"
#include "model/symptoms_of.hpp"

namespace vmc::model {

/// The founding rule: alive when the OS shows signs at >= 0.60, or when SSH works at >= 0.70.
/// Unknown answers weigh nothing; without any known answer from the host itself: not alive, 0.0,
/// verdict unknown. Silence never makes a claim. `cause` is named only where the evidence leaves
/// no other; else "unknown", and "none" when healthy.
[[nodiscard]] Health assess(Level level, std::vector<Evidence> evidence, const Circumstances& around = {},
                            const Likelihoods& table = Likelihoods::built_in());

/// The same, with all that is known of the causes. `since` is left to who keeps the time.
[[nodiscard]] Diagnosis diagnose(Level level, std::vector<Evidence> evidence, const Circumstances& around,
                                 const Likelihoods& table = Likelihoods::built_in());

}  // namespace vmc::model
