// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>

#include <vm_connection/console.hpp>

#include "app/cli/failure.hpp"

namespace vmc::cli {

/// [host."NAME".console] of a configuration file. A failure names its line.
[[nodiscard]] Expected<ConsoleSource> read_console_source(const std::string& path, const toml::table& table);

}  // namespace vmc::cli
