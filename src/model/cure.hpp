// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace vmc::model {

/// Whom a rung could help, by the cause that was named.
enum class Cure {
    repair_or_reboot,  ///< a daemon, a filter, a full fork table: from inside, else by starting anew
    reboot,            ///< the kernel's own state
    power,             ///< no kernel runs
    time,              ///< it passes, or is somebody's doing
    person,            ///< starting anew would find the same
    unknown,
};

/// Of a cause that a diagnosis names.
[[nodiscard]] Cure cure_of(std::string_view cause);

}  // namespace vmc::model
