// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>

#include <vm_connection/recovery.hpp>

#include "app/cli/failure.hpp"

namespace vmc::cli {

/// [recovery] of a configuration file, or [host."NAME".recovery], over what was said before. A failure names its line.
[[nodiscard]] Expected<RecoveryPolicy> read_recovery_policy(const std::string& path, const toml::table& table,
                                                            RecoveryPolicy before);

}  // namespace vmc::cli
