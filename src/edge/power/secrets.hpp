// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <vm_connection/error.hpp>

namespace vmc::edge {

/// All of a file that only its owner may read. Refused (Code::bad_request): readable or writable by others, another
/// user's (but root's), not a file, longer than 64 KiB. An empty path is an empty text. "$CREDENTIALS_DIRECTORY/NAME",
/// as systemd hands them out, is written NAME behind "credential:".
[[nodiscard]] Result<std::string> read_secrets(const std::string& path);

}  // namespace vmc::edge
