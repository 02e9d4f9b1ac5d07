// SPDX-License-Identifier: Apache-2.0
// The user's ssh configuration: whether it has to be asked (`ssh -G` costs 5 to 10 ms), and its answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <vm_connection/error.hpp>
#include <vm_connection/time.hpp>

namespace vmc::model {

struct ConfigScan {
    /// False only when every line is known not to change how a host is reached, checked or logged
    /// in to (ssh_config(5)). Anything unfamiliar, also `Match`, may.
    bool may_matter = false;
    std::vector<std::string> includes;  ///< as written, may be globs: to be scanned as well
};
[[nodiscard]] ConfigScan scan_config(std::string_view config_text);

/// True when this text alone or anything it includes has to be looked at by ssh itself.
[[nodiscard]] bool config_may_matter(std::string_view config_text);

/// What `ssh -G HOST` printed, as far as we use it. Empty: not printed, or "none".
struct SshOptions {
    std::string hostname;
    std::string user;
    std::uint16_t port = 22;
    std::vector<std::string> identity_files;  ///< in order; `~` not expanded
    bool identities_only = false;
    std::string identity_agent;               ///< a path, "SSH_AUTH_SOCK", or empty
    bool no_agent = false;                    ///< IdentityAgent none
    std::vector<std::string> user_known_hosts;
    std::vector<std::string> global_known_hosts;
    std::string strict_host_key_checking;     ///< "ask", "accept-new", "true" or "false"
    std::string host_key_alias;
    std::string proxy_jump;
    std::string proxy_command;
    std::optional<Duration> connect_timeout;
    std::string ciphers;
    std::string kex_algorithms;
};
/// Code::bad_request when there is no host name in it, or the port is none.
[[nodiscard]] Result<SshOptions> parse_ssh_g(std::string_view printed);

}  // namespace vmc::model
