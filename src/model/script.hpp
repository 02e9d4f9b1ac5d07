// SPDX-License-Identifier: Apache-2.0
// How a script of ours reaches a POSIX sh on the VM, and how its answer is told from noise.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <vm_connection/error.hpp>

namespace vmc::model {

/// The command line of every script; the script itself goes to its standard input, followed by
/// end of file. Constant and plain, so that every login shell reads it alike.
inline constexpr std::string_view script_command = "exec /bin/sh -s";

/// 16 hex digits. Random, so that neither a message of the day nor output of an earlier script
/// can pass for an answer.
[[nodiscard]] std::string nonce(std::uint64_t draw);

/// One function, called by the last line with the nonce: a script that was cut short on the way
/// defines nothing or is refused by its own first line (when a client dies, sshd closes stdin and
/// `sh -s` runs the last partial line). Inside, standard input is /dev/null for the shell and its
/// children, stderr is dropped, LC_ALL is C, globbing is off. The body must not `return`.
[[nodiscard]] std::string framed(std::string_view body, std::string_view nonce);

/// What a shell says on its standard error when it cannot start a process or open a file any more.
[[nodiscard]] bool cannot_start(std::string_view words);

/// What the body printed. Code::restricted_shell when it never began: a forced command or nologin
/// answered instead of a shell. Code::protocol when it began and did not end. The peer's words are kept.
[[nodiscard]] Result<std::string_view> answer_of(std::string_view printed, std::string_view nonce);

}  // namespace vmc::model
