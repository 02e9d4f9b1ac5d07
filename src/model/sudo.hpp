// SPDX-License-Identifier: Apache-2.0
// What sudo on the VM lets the login user do, asked for before a command depends on it: sudo itself
// ends with 1 when it refuses, and so does many a command.
#pragma once

#include <string>
#include <string_view>

#include <vm_connection/error.hpp>

namespace vmc::model {

enum class SudoGrant {
    free,        ///< anything, without a password
    partly,      ///< some commands without one: which, only sudo knows
    password,    ///< the password we gave opens it
    wrong,       ///< the password we gave does not, or the user may do nothing
    wanted,      ///< nothing without a password, and we gave none
    forgetful,   ///< the password is right, but sudo remembers none (timestamp_timeout=0): see SudoWay
    indiscreet,  ///< /bin/sh there has no printf of its own: the password would be seen in `ps`
    absent,      ///< no sudo there
};
/// A command may be sent.
[[nodiscard]] constexpr bool opens(SudoGrant grant) noexcept { return grant <= SudoGrant::password; }

/// How a command is put behind it. A password is the first line of standard input. A shell takes
/// exactly that line, whatever sudo asks for then, so it can never reach the command; sudo is told it
/// (-v) and asked again at once (-n), both from that one shell: without a terminal sudo remembers by
/// parent.
enum class SudoWay { plain, with_password };

/// Prompts nobody. `password` may be empty: none. It travels on the script's stdin and in a builtin,
/// never as an argument of a process.
[[nodiscard]] std::string sudo_script(std::string_view password, std::string_view nonce);
/// `printed` is its standard output.
[[nodiscard]] Result<SudoGrant> parse_sudo(std::string_view printed, std::string_view nonce);

[[nodiscard]] SudoWay way_for(SudoGrant grant, bool password_given) noexcept;

}  // namespace vmc::model
