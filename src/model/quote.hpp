// SPDX-License-Identifier: Apache-2.0
// From a Command to the one line an SSH exec request carries. sshd hands that line to the login
// shell as `$SHELL -c LINE`, and we do not know which shell that is, so everything here is
// written to mean the same under bash, dash, ash, ksh, zsh, fish (>= 3.0) and csh/tcsh.
#pragma once

#include <string>
#include <string_view>

#include <vm_connection/command.hpp>
#include <vm_connection/error.hpp>

#include "model/sudo.hpp"

namespace vmc::model {

/// Linux refuses a single argument of 131072 bytes (MAX_ARG_STRLEN, with its final NUL), and the
/// login shell receives the whole line as one argument.
inline constexpr std::size_t longest_line = 131071;

/// One word that arrives exactly as given: single quotes, with `'`, `\` and `!` outside them
/// behind a backslash (fish reads `\\` and `\'` inside single quotes, csh expands `!` there).
/// '' for an empty word. Safe under every shell above unless needs_known_shell().
[[nodiscard]] std::string quote(std::string_view word);

/// True when no quoting means the same everywhere: a newline, which csh allows in quotes only
/// behind a backslash that the others would keep.
[[nodiscard]] bool needs_known_shell(std::string_view word) noexcept;

/// The line to send. A shell line without env, cwd and sudo goes verbatim. Otherwise:
///     cd './src' && sudo -n -- env A='b' 'make' '-j8'        words
///     cd '/src' && env A='b' "$SHELL" -c 'make | tee log'    a line stays one unit: were it only
///         prefixed, `a; b` would run b after a failed cd; sshd sets SHELL to the login shell
/// - cwd: a relative one (also `~/x`) counts from the home directory; CDPATH is never consulted.
///   The directory is entered as the login user, also with sudo. When that fails nothing runs and
///   the exit code is that of cd (1 or 2), with its message on stderr.
/// - sudo: `env` stands behind it, because sudo would drop the variables. With a password: see SudoWay.
/// - What needs_known_shell() is carried octal-escaped by printf %b into `exec /bin/sh -c`: a shell
///   that is known, for less than it would cost to ask which one the user has.
/// Fails with Code::bad_request at Stage::config, nothing sent: no command, a NUL byte, a bad
/// variable name, a sudo password of more than one line or beside a
/// terminal (which would echo it), a first word with `=` behind env or sudo, a line longer than longest_line.
[[nodiscard]] Result<std::string> wire_line(const Command& command, SudoWay sudo = SudoWay::plain);

/// [A-Za-z_][A-Za-z0-9_]*
[[nodiscard]] bool is_variable_name(std::string_view name) noexcept;

}  // namespace vmc::model
