// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include <vm_connection/error.hpp>

#include "model/script.hpp"

namespace vmc::model {

/// Whether somebody on the VM listens on the port by which this session came in: what tells an sshd that is gone
/// from a firewall that refuses in its name. To be asked over a session that is open.
[[nodiscard]] std::string listener_script(std::string_view nonce);

/// Code::protocol where it could not be read: no /proc, or a session that does not tell its port.
[[nodiscard]] Result<bool> parse_listener(std::string_view printed, std::string_view nonce);

}  // namespace vmc::model
