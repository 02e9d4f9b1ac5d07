// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <vm_connection/error.hpp>

#include "edge/os/fd.hpp"

namespace vmc::edge {

/// Connects to a unix stream socket, whose path may be longer than a socket's name (107 bytes). Does not block, nor
/// does the descriptor. Code::refused: nobody serves it; Code::throttled: its queue is full; Code::bad_request: it is
/// no socket; Code::local: it is not there, or may not be used.
[[nodiscard]] Result<Fd> connect_unix(const std::string& path);

}  // namespace vmc::edge
