// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "edge/os/off_loop.hpp"
#include "edge/ssh/known_hosts_files.hpp"

namespace vmc::edge {

/// Whether a host is the one we know. Reads the user's and the system's known_hosts and ours, where
/// keys accepted on first contact go. A changed key is a hard stop (Code::host_key_changed) until
/// replace(), which `vmc trust` calls; a revoked one is for good.
///
/// Files are read on helper threads, and again when they have changed, which is looked at once a
/// second, and always before a host is called changed. One loop thread; outlives its askers.
class HostKeyBook {
public:
    /// `ours`: appended to under a lock, made when missing (0600, its directory 0700); empty: nothing
    /// is kept. `read_only`: used for targets that name no files of their own.
    HostKeyBook(OffLoop& helpers, std::string ours, std::vector<std::string> read_only);

    /// Types of the keys known for it, to be asked for first in the key exchange: else a server with
    /// several keys shows one we do not know, and seems to have changed (L15).
    Async<Result<std::vector<std::string>>> known_types(Target target, Instant deadline);

    /// True when the key was new and has been accepted, false when it was known.
    Async<Result<bool>> check(Target target, HostKey key, Instant deadline);

    /// From now on this key, and no other of ours, stands for the target.
    Async<Result<void>> replace(Target target, HostKey key, Instant deadline);
    /// We have never met it. What the user's own files say stays.
    Async<Result<void>> forget(Target target, Instant deadline);

private:
    struct Place {
        std::shared_ptr<const Shelf> shelf;
        Instant looked_at{};
    };
    struct Addition {
        HostKey key;
        Instant at{};
    };
    Async<Result<std::shared_ptr<const Shelf>>> shelf_for(Target target, bool fresh, Instant deadline);
    Async<Result<model::HostKeyVerdict>> look_up(Target target, HostKey key, bool fresh, Instant deadline);
    Async<Result<bool>> accept(Target target, HostKey key, Instant deadline);
    Async<Result<void>> rewrite(Target target, std::optional<HostKey> key, Instant deadline);
    [[nodiscard]] Result<bool> compare(const Target& target, const HostKey& key, const model::HostKeyVerdict& verdict);

    OffLoop& helpers_;
    std::string ours_;
    std::vector<std::string> read_only_;
    std::map<std::vector<std::string>, Place> places_;
    std::map<std::string, Addition> added_;  ///< by us, not yet in any shelf
    std::map<std::string, HostKey> met_;     ///< of ephemeral hosts, for the life of this process
};

}  // namespace vmc::edge
