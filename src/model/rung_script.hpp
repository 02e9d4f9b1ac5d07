// SPDX-License-Identifier: Apache-2.0
// What is run on a VM to bring it back from inside.
#pragma once

#include <string>
#include <string_view>

#include <vm_connection/error.hpp>
#include <vm_connection/recovery.hpp>

namespace vmc::model {

/// What a shell that is kept ready reads first, while it can still start a program; for the rung that frees a full
/// process table.
inline constexpr std::string_view rescue_preamble =
    "vmc_threads_max=$(cat /proc/sys/kernel/threads-max)\nvmc_pid_max=$(cat /proc/sys/kernel/pid_max)\n";

/// What somebody who is logged in there may do.
struct Means {
    bool root = false;
    bool sudo = false;  ///< without a password
    [[nodiscard]] bool as_root() const noexcept { return root || sudo; }
};
/// Builtins only, but sudo where the user is not root.
[[nodiscard]] std::string means_script(std::string_view nonce);
[[nodiscard]] Result<Means> parse_means(std::string_view printed, std::string_view nonce);

/// Of a repair: what mends this cause; of the others the cause does not matter. Empty where there is none: a rung that
/// is not climbed from inside, a cause that nothing mends. The script prints what it did, a line each.
[[nodiscard]] std::string rung_script(Rung rung, std::string_view cause, const Means& means, std::string_view nonce);
/// What it says begins so where it found nothing to do, and goes on with why.
inline constexpr std::string_view nothing_done = "none: ";
/// What it does, in one line for people: "restart sshd (systemctl, service or by its pid file)".
[[nodiscard]] std::string rung_words(Rung rung, std::string_view cause);

/// What its system says of what happened: kernel log, pstore, the journal of the boot before, jobs.
/// `what`: "kernel-log", "pstore", "journal-before" or "jobs"; at most 200 kB each.
[[nodiscard]] std::string evidence_script(std::string_view what, const Means& means, std::string_view nonce);

}  // namespace vmc::model
