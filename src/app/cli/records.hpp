// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include <vm_connection/boot.hpp>

#include "app/cli/failure.hpp"

namespace vmc::cli {

/// The boots people asked us to remember, in the state directory, by the host as they name it.
[[nodiscard]] Expected<std::optional<BootRecord>> recorded_boot(const std::string& host);
[[nodiscard]] Expected<void> record_boot(const std::string& host, const BootRecord& boot);

}  // namespace vmc::cli
