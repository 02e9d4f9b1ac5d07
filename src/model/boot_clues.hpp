// SPDX-License-Identifier: Apache-2.0
// What a VM itself can still tell of the end of an earlier boot.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <vm_connection/boot.hpp>
#include <vm_connection/error.hpp>

#include "model/script.hpp"

namespace vmc::model {

/// One round trip, at most 64 KiB of answer and about 30 s (5 s for each tool, where `timeout` exists). Reads only,
/// with journalctl, last, grep and stat where they are, without root and on busybox as well: what may not be read is
/// not told. Of jobs the heartbeats of the 64 that were written last are read, in each directory that holds jobs.
/// `before`: the boot whose end is asked for.
[[nodiscard]] std::string boot_clues_script(std::string_view nonce, const BootId& before);

/// A moment by the VM's clock, and the words that stood there: escaped, at most 300 bytes.
struct Dated {
    WallTime at{};
    std::string text;
};

/// `kind`: "reboot" or "shutdown".
struct WtmpRecord {
    std::string kind;
    WallTime at{};
};

/// `source`: "pstore", or "kdump" also for a dump without words.
struct Panic {
    std::string source;
    Dated said;
};

/// A job of ours was running then, in that boot.
struct Beat {
    BootId boot;
    WallTime at{};
};

/// All of it is the VM's word, by the VM's clock. What it did not tell, or told in another form, is left out.
struct BootClues {
    std::optional<BootId> boot_id;        ///< of whoever answered
    std::optional<WallTime> clock;        ///< when it answered; whole seconds
    std::vector<BootId> boots;            ///< in the system's journal, oldest first; empty: may not be read
    std::optional<Dated> last_line;       ///< of the journal of the boot that is asked for
    std::optional<Dated> target;          ///< "Reached target reboot.target …" there, said by process 1
    std::optional<Dated> recovery;        ///< a file system that was not unmounted, in the kernel log of this boot
    std::optional<WallTime> wtmp_begins;
    std::vector<WtmpRecord> wtmp;         ///< newest first, the last 64
    std::vector<Beat> beats;  ///< the last of each job that ran in the boot that is asked for; at most 128
    std::vector<Panic> panics;  ///< whatever lies there, however old; at most 64
};

/// Strict, and bounded whatever came. Errors of answer_of() are passed on.
[[nodiscard]] Result<BootClues> parse_boot_clues(std::string_view printed, std::string_view nonce);

}  // namespace vmc::model
