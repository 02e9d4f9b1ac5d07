// SPDX-License-Identifier: Apache-2.0
// Texts of a job: its names, its line, its records.
#pragma once

#include <string>
#include <string_view>

#include <vm_connection/command.hpp>

namespace vmc::model {

/// The command as a line for /bin/sh.
[[nodiscard]] std::string job_line(const Command& command);
/// Any text as the value of a `key=value` line, and back: a newline becomes `\n`, a backslash `\\`.
[[nodiscard]] std::string as_value(std::string_view text);
[[nodiscard]] std::string from_value(std::string_view value);

}  // namespace vmc::model
