// SPDX-License-Identifier: Apache-2.0
// From a look at a VM to what the ladder has to know of it.
#pragma once

#include <optional>

#include <vm_connection/diagnosis.hpp>

#include "model/ladder.hpp"
#include "model/symptoms_of.hpp"

namespace vmc::model {

/// `power`: what its switch says; nothing where it has none. Who is root there, what its switch can do and since when
/// it is silent are left to who knows.
[[nodiscard]] Condition condition_of(const Diagnosis& diagnosis, const Circumstances& around,
                                     std::optional<PowerState> power);

}  // namespace vmc::model
