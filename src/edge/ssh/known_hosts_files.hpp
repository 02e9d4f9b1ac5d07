// SPDX-License-Identifier: Apache-2.0
// known_hosts on disk. Blocks (files, one HMAC for each hashed line): for helper threads, except
// where it says otherwise.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <vm_connection/error.hpp>
#include <vm_connection/target.hpp>

#include "edge/ssh/key_file.hpp"
#include "model/known_hosts.hpp"

namespace vmc::edge {

/// A server's public key as known_hosts has it.
struct HostKey {
    std::string type;         ///< "ssh-ed25519"
    std::string base64;
    std::string fingerprint;  ///< "SHA256:…"
};

/// Some known_hosts files as they were at one moment. Immutable, so any thread may ask it.
class Shelf {
public:
    /// Reads the files, or takes them over from `before` where they have not changed. A missing or
    /// unreadable file holds nothing, as with ssh.
    [[nodiscard]] static std::shared_ptr<const Shelf> read(const std::vector<std::string>& paths,
                                                           const std::shared_ptr<const Shelf>& before);

    /// Over all files: revoked before known before changed.
    [[nodiscard]] model::HostKeyVerdict check(const Target& target, const HostKey& key) const;
    [[nodiscard]] std::vector<std::string> known_types(const Target& target) const;
    /// Few enough entries to be asked on the loop thread: 500 hashed ones take 0.3 ms.
    [[nodiscard]] bool small() const noexcept;

private:
    struct Book {
        std::string path;
        std::optional<FileStamp> stamp;
        std::shared_ptr<const model::KnownHosts> hosts;
    };
    std::vector<Book> books_;
};

/// The stronger of two verdicts.
[[nodiscard]] const model::HostKeyVerdict& stronger(const model::HostKeyVerdict& a, const model::HostKeyVerdict& b);

/// Appends a key for the target to our own file, alone among our processes, unless another of them
/// has written one there meanwhile: then that is what comes back. Not fsynced: a line lost in a power
/// cut is a host met for the first time again.
[[nodiscard]] Result<model::HostKeyVerdict> append_key(const std::string& path, const Target& target,
                                                       const HostKey& key);

/// Takes all our lines for the target's name out, and puts `key` in when given. Whole or not at all.
[[nodiscard]] Result<void> replace_keys(const std::string& path, const Target& target,
                                        const std::optional<HostKey>& key);

/// "SHA256:…" of a key in base64; empty if it is none.
[[nodiscard]] std::string fingerprint_of(const std::string& type, const std::string& base64);

}  // namespace vmc::edge
