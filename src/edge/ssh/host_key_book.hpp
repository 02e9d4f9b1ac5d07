// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <libssh/libssh.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <vm_connection/error.hpp>
#include <vm_connection/target.hpp>

#include "edge/os/off_loop.hpp"

namespace vmc::edge {

/// A server's public key as known_hosts has it.
struct HostKey {
    std::string type;         ///< "ssh-ed25519"
    std::string base64;
    std::string fingerprint;  ///< "SHA256:…"
};

/// What the book knows of a host before it has shown its key.
struct HostKeyHint {
    std::vector<std::string> types;  ///< of known keys, to be offered first (L15)
};

/// Whether a host is the one we know. Reads the user's and the system's known_hosts, and ours, where
/// keys accepted on first contact go; a changed key is a hard stop until replace() (`vmc trust`).
/// Files are read off the loop and again when they change. On the loop thread; outlives its askers.
class HostKeyBook {
public:
    /// `ours`: appended to under a lock, made when missing, mode 0600. `read_only`: used for targets
    /// that name no files of their own.
    HostKeyBook(OffLoop& helpers, std::string ours, std::vector<std::string> read_only);

    Async<Result<HostKeyHint>> hint(const Target& target, Instant deadline);
    /// True when the key was new and has been remembered, false when it was known.
    Async<Result<bool>> check(const Target& target, HostKey key, Instant deadline);

private:
    OffLoop& helpers_;
    std::string ours_;
    std::vector<std::string> read_only_;
    std::map<std::string, HostKey> seen_;  ///< of ephemeral hosts, for the life of this process
};

}  // namespace vmc::edge
