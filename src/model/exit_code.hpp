// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include <vm_connection/job.hpp>
#include <vm_connection/outcome.hpp>

namespace vmc::model {

/// Of `vmc exec` and `vmc run`, beside the remote command's own. Stable.
enum ExitCode : int {
    exit_usage = 64,       ///< the call makes no sense (sysexits.h EX_USAGE); nothing was sent
    exit_interrupted = 75, ///< the VM rebooted under a job (EX_TEMPFAIL)
    exit_timed_out = 124,  ///< as timeout(1)
    exit_own_failure = 125,
    exit_cancelled = 130,  ///< 128 + SIGINT, as a shell has it
    exit_link = 255,       ///< link, host key or authentication failed, or the command was lost
};

/// What `vmc exec` exits with. 255 and 124 may also be the remote's own: `--result FILE` tells.
[[nodiscard]] int exit_code_of(const Outcome& outcome) noexcept;
/// What `vmc run` and `vmc attach` exit with for a job in this state; 255 while it is not to be known.
[[nodiscard]] int exit_code_of(const JobStatus& status) noexcept;
/// For a failure before or without a command.
[[nodiscard]] int exit_code_of(const Error& error) noexcept;

/// "KILL" to 9, as Linux numbers them on all architectures but alpha, mips, parisc and sparc.
/// Takes "SIGKILL" and "KILL@openssh.com" as well.
[[nodiscard]] std::optional<int> signal_number(std::string_view name) noexcept;

}  // namespace vmc::model
