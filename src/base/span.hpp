// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <vm_connection/time.hpp>

namespace vmc {

/// A span as people say it: "31 ms", "2.4 s", "45 s", "3 min 20 s", "2 h 5 min", "3 d 4 h".
/// Rounded down; for messages only.
[[nodiscard]] std::string spoken(Duration span);

}  // namespace vmc
