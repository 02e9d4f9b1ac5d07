// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace vmc::cli {

/// What the files that `ssh` would read say, as far as it concerns us.
struct SshConfigScan {
    bool may_matter = false;      ///< ssh itself has to be asked
    bool names_kex = false;       ///< KexAlgorithms is chosen there, somewhere
    bool names_ciphers = false;
};

/// Scans ~/.ssh/config and /etc/ssh/ssh_config, or `file` alone when -F names one, and what they
/// include. A few small reads instead of a process.
[[nodiscard]] SshConfigScan scan_ssh_config(const std::string& file);

/// The home directory as ssh sees it: of the account, whatever $HOME says.
[[nodiscard]] const std::string& account_home();
[[nodiscard]] const std::string& account_name();

}  // namespace vmc::cli
