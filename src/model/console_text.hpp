// SPDX-License-Identifier: Apache-2.0
// What a VM's console says of its state. Whoever writes to the console can say it: a kernel's words count only where a
// kernel begins a line, not where a program quotes them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <vm_connection/console.hpp>

namespace vmc::model {

/// Stable slugs: "boot", "panic", "dump", "dump-ended", "out-of-memory", "emergency", "login".
enum class ConsoleSign {
    boot,           ///< firmware, boot loader or kernel begin: what was said before is of an earlier life
    panic,          ///< "Kernel panic - not syncing"
    dump,           ///< a crash kernel has begun, or its dump is being written: let it
    dump_ended,     ///< it says that the dump is complete, or that it failed
    out_of_memory,  ///< a process was killed for want of memory; the system goes on
    emergency,      ///< a shell waits for a person: systemd's emergency mode, or an initramfs
    login,          ///< a getty asks who is there: userland is up
};
[[nodiscard]] std::string_view slug(ConsoleSign sign) noexcept;

/// Of one line as it was captured; escape sequences in it, colours for instance, do not matter.
[[nodiscard]] std::optional<ConsoleSign> console_sign(std::string_view line);

/// A sign, and the line that is the evidence.
struct ConsoleFinding {
    ConsoleSign sign;
    ConsoleLine line;
};
/// Every sign in these lines, oldest first. Our own notes say nothing of the VM.
[[nodiscard]] std::vector<ConsoleFinding> read_console(const std::vector<ConsoleLine>& lines);

/// The latest of the signs that tell how the VM stands, out_of_memory being none: a panic counts no more when the next
/// boot has begun. Nothing: the console does not say. It was true when it was printed; since then the VM may have hung.
[[nodiscard]] std::optional<ConsoleFinding> latest_state(const std::vector<ConsoleFinding>& findings);

}  // namespace vmc::model
