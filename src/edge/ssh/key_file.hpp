// SPDX-License-Identifier: Apache-2.0
// Reading one private key from disk. Blocks (files, bcrypt): for helper threads only.
#pragma once

#include <libssh/libssh.h>
#include <sys/types.h>

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <vm_connection/target.hpp>

namespace vmc::edge {

/// A private key, shared read-only by every session that logs in with it (L17).
class LoadedKey {
public:
    LoadedKey(std::string path, ssh_key key, bool certificate)
        : path_(std::move(path)), key_(key), certificate_(certificate) {}
    ~LoadedKey() { ::ssh_key_free(key_); }
    LoadedKey(const LoadedKey&) = delete;
    LoadedKey& operator=(const LoadedKey&) = delete;

    [[nodiscard]] const std::string& path() const noexcept { return path_; }
    [[nodiscard]] ssh_key raw() const noexcept { return key_; }
    [[nodiscard]] bool is_rsa() const noexcept;
    /// It presents the certificate found beside it (`path-cert.pub`).
    [[nodiscard]] bool has_certificate() const noexcept { return certificate_; }

private:
    std::string path_;
    ssh_key key_;
    bool certificate_;
};

/// Which content of a path: a changed file is read again.
struct FileStamp {
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = 0;
    mode_t mode = 0;
    std::int64_t changed_ns = 0;
    auto operator<=>(const FileStamp&) const = default;
};

/// What became of reading a key file: exactly one of `key`, `locked` and `trouble` says it.
struct KeyReading {
    std::shared_ptr<const LoadedKey> key;
    std::shared_ptr<const LoadedKey> certified;  ///< the same key with its certificate, to be tried first
    bool locked = false;                         ///< encrypted, and no passphrase was given
    std::string trouble;                         ///< one line: "/k: group or others may read it (mode 0644)"
    std::optional<FileStamp> stamp;
    std::optional<FileStamp> certificate_stamp;
};

/// Nothing when there is no such file.
[[nodiscard]] std::optional<FileStamp> stamp_of(const std::string& path);

/// Refuses as OpenSSH does: missing, unreadable, no regular file, ours and open to group or others
/// (mode & 077), no private key, wrong passphrase.
[[nodiscard]] KeyReading read_key(const std::string& path, const std::optional<std::string>& passphrase);

}  // namespace vmc::edge
