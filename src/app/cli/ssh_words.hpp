// SPDX-License-Identifier: Apache-2.0
// HOST and the options of ssh, and what they come to.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <vm_connection/target.hpp>

#include "app/cli/failure.hpp"
#include "app/cli/settings.hpp"

namespace vmc::cli {

/// As typed.
struct SshWords {
    std::string host;
    std::vector<std::string> identity_files;  // -i
    std::optional<std::string> port;          // -p
    std::optional<std::string> login;         // -l
    std::optional<std::string> config_file;   // -F
    std::optional<std::string> jump;          // -J
    std::vector<std::string> options;         // -o
};

/// HOST without user and port, for [host."NAME"] of the configuration.
[[nodiscard]] Expected<std::string> bare_host(const std::string& host);

/// Whom to reach. Asks `ssh -G` when the user's ssh configuration can matter, and only then.
[[nodiscard]] Expected<Target> resolve(const SshWords& words, const Settings& settings);

}  // namespace vmc::cli
