// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <vm_connection/error.hpp>

namespace vmc::model {

/// HOST as people write it, taken apart; what was not written is not set, so that the user's ssh
/// configuration can fill it in.
struct HostText {
    std::string host;                   ///< without brackets
    std::optional<std::string> user;
    std::optional<std::uint16_t> port;
    bool operator==(const HostText&) const = default;
};

/// `host`, `user@host`, `host:port`, `ssh://user@host:port`, `[::1]:22`, `::1`, `fe80::1%eth0`.
/// Only letters, digits and `._-` in a name (also `@+` in a user), hex digits, `:.` and a zone in
/// an IPv6 address, no leading `-`: whatever passes is safe as a word of a command line and in a
/// ProxyCommand (CVE-2023-51385). Else Code::bad_request, one line.
[[nodiscard]] Result<HostText> parse_host(std::string_view text);

/// 1 to 65535, digits only.
[[nodiscard]] std::optional<std::uint16_t> parse_port(std::string_view text) noexcept;

}  // namespace vmc::model
