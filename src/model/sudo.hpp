// SPDX-License-Identifier: Apache-2.0
// What sudo on the VM lets the login user do, asked for before a command depends on it: sudo itself
// ends with 1 when it refuses, and so does many a command.
#pragma once

#include <string>
#include <string_view>

#include <vm_connection/error.hpp>

namespace vmc::model {

enum class SudoGrant {
    free,      ///< anything, without a password
    partly,    ///< some commands without one
    password,  ///< with the password, and ours is the right one
    wrong,     ///< the password we gave is not
    wanted,    ///< nothing without a password, and we gave none
    absent,    ///< no sudo there
};

/// How a command is put behind it. The password, if any, is the first line of standard input, read by
/// a sudo that certainly asks for it (-k): it can never reach the command.
enum class SudoWay {
    plain,          ///< sudo -n -- COMMAND
    with_password,  ///< sudo -k -S -p '' -- COMMAND
    warmed_up,      ///< sudo -k, sudo -S -p '' -v, then sudo -n -- COMMAND, which itself may need none; all below
                    ///< one shell that stays, because without a terminal sudo remembers by parent
};

/// Prompts nobody. `password` may be empty: none. It travels on the script's stdin and in a builtin,
/// never as an argument of a process.
[[nodiscard]] std::string sudo_script(std::string_view password, std::string_view nonce);
/// `printed` is its standard output.
[[nodiscard]] Result<SudoGrant> parse_sudo(std::string_view printed, std::string_view nonce);

[[nodiscard]] SudoWay way_for(SudoGrant grant, bool password_given) noexcept;

}  // namespace vmc::model
