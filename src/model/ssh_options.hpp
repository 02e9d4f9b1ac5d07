// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include <vm_connection/error.hpp>

#include "model/ssh_config.hpp"

namespace vmc::model {

/// What `-o` options mean where ssh need not be asked.
struct OwnReading {
    SshOptions options;                 ///< what was not said is empty; the port is 22
    std::vector<std::string> unknown;   ///< those that only ssh understands
};

/// "Key=Value" or "Key Value", keys in any case, as on ssh's command line; the first word for a key
/// counts. Code::bad_request for one without a value.
[[nodiscard]] Result<OwnReading> read_ssh_options(const std::vector<std::string>& options);

}  // namespace vmc::model
