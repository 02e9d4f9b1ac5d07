// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/cli/failure.hpp"

namespace vmc::cli {

/// Where the user's ssh is; empty when there is none on PATH.
[[nodiscard]] std::string find_ssh();

/// What `ssh -G ARGUMENTS` prints, within 10 s. When ssh refuses, its own last line is the failure.
[[nodiscard]] Expected<std::string> ask_ssh(const std::string& ssh, const std::vector<std::string>& arguments);

}  // namespace vmc::cli
