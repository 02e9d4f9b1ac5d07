// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <vm_connection/time.hpp>

namespace vmc::model {

/// "2025-01-31T12:00:00.123Z"
[[nodiscard]] std::string iso_time(WallTime when);

}  // namespace vmc::model
