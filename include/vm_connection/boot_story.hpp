// SPDX-License-Identifier: Apache-2.0
// What happened between two readings of a VM's boot, as far as the VM itself can still tell.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <vm_connection/boot.hpp>
#include <vm_connection/export.hpp>
#include <vm_connection/time.hpp>

namespace vmc VMC_API {

/// How the life that was recorded ended. Slugs: "unknown", "orderly", "unclean", "crash".
enum class BootEnding {
    unknown,
    orderly,  ///< it was shut down: its journal or wtmp says so
    unclean,  ///< a file system had to be recovered: a crash, a reset or a power cut, nobody can say which
    crash,    ///< its kernel left the record of a panic, or a dump
};
[[nodiscard]] std::string_view slug(BootEnding ending) noexcept;

/// One thing that is known, and how.
struct BootClue {
    std::string tells;   ///< "change", "boots", "ended", "died_at", "returned_at", "cause" or "note"
    std::string source;  ///< "boot-id", "identity", "uptime", "clock", "journal", "wtmp", "pstore", "kdump",
                         ///< "kernel-log", "heartbeat" or "vm" (it could not be asked, say)
    std::string text;    ///< for people; foreign words in it are escaped and at most 300 bytes
    bool operator==(const BootClue&) const = default;
};

/// What Vm::boot_since() gives. Only when the boot is another one the VM is asked for what it knows (once, at most
/// 40 s); otherwise that costs what Vm::boot() costs. Its `last_heartbeat`: JobStatus::last_heartbeat of a job of
/// the boot before, where one was followed: the VM itself still has those that were on its disk (at most 10 s older).
/// Every claim has a clue that tells it; what has none is unknown. Times are by our wall clock.
struct BootStory {
    BootStory(BootRecord was, BootRecord is) : before(std::move(was)), now(std::move(is)) {}

    BootRecord before;
    BootRecord now;
    BootChange change = BootChange::unknown;
    /// How many times a kernel began since, by what they left on the disk: one that died before it wrote there
    /// is not among them. Nothing when the VM keeps no record, or none that reaches back.
    std::optional<int> boots;
    BootEnding ended = BootEnding::unknown;
    std::optional<WallTime> died_at;      ///< the last sign of life of the boot that was recorded
    std::optional<WallTime> returned_at;  ///< when the kernel that answers now began
    std::optional<Duration> down;         ///< between the two, where one boot was counted; at most so long
    std::string cause;                    ///< words of the kernel that panicked; empty: not known
    std::vector<BootClue> evidence;

    /// In one line, for people, times in UTC: "rebooted: once, orderly, at 12:03:07Z; back 12:03:41Z (down 34 s)".
    [[nodiscard]] std::string line() const;
    /// Where what is claimed comes from, each once: {"journal", "wtmp"}.
    [[nodiscard]] std::vector<std::string> sources() const;
};

}  // namespace vmc VMC_API
