// SPDX-License-Identifier: Apache-2.0
// How boots and their comparison are shown. No doing here.
#pragma once

#include <string>

#include <vm_connection/boot.hpp>

namespace vmc::cli {

[[nodiscard]] std::string boot_lines(const std::string& host, const BootRecord& boot);
[[nodiscard]] std::string boot_json(const std::string& host, const BootRecord& boot);

/// Both boot ids, and what follows from them.
[[nodiscard]] std::string comparison_lines(const std::string& host, const BootRecord& before, const BootRecord& now,
                                           BootChange change);
[[nodiscard]] std::string comparison_json(const std::string& host, const BootRecord& before, const BootRecord& now,
                                          BootChange change);

}  // namespace vmc::cli
