// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace vmc::model {

/// One line of a known_hosts file (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT).
struct KnownKey {
    enum class Marker { none, revoked, cert_authority };
    Marker marker = Marker::none;
    std::string key_type;    ///< "ssh-ed25519"; "ssh-rsa" for all RSA signatures
    std::string key_base64;
    std::string file;
    int line = 0;            ///< from 1
};

/// What a key offered by a host is to us.
struct HostKeyVerdict {
    enum class Kind { unknown, known, changed, revoked };
    Kind kind = Kind::unknown;
    KnownKey because;  ///< the entry that decided; empty for unknown
};

/// Any number of known_hosts files, parsed once and indexed: a plain name costs one look-up, lines
/// with wildcards or negation are tried one by one, hashed names cost one HMAC for each salt.
/// A line that cannot be read is skipped and counted, as ssh does.
class KnownHosts {
public:
    void add(std::string_view text, std::string_view file);

    /// All keys for the name, in the order of files and lines. The name is `alias` where given,
    /// else the host (any case), as `[host]:port` for ports other than 22.
    [[nodiscard]] std::vector<KnownKey> lookup(std::string_view host, std::uint16_t port,
                                               std::string_view alias = {}) const;

    /// revoked before known before changed. A host of which other keys are known and this one is
    /// not has changed, also when the type differs: whoever has lost the key we know offers
    /// another type. A key known for the name without its port is known too, as in ssh.
    [[nodiscard]] HostKeyVerdict check(std::string_view host, std::uint16_t port, std::string_view key_type,
                                       std::string_view key_base64, std::string_view alias = {}) const;

    /// The types of keys known for it, each once, to be asked for first in the key exchange: else a
    /// server that has several keys shows one we do not know.
    [[nodiscard]] std::vector<std::string> known_types(std::string_view host, std::uint16_t port,
                                                       std::string_view alias = {}) const;

    [[nodiscard]] std::size_t size() const noexcept { return keys_.size(); }
    [[nodiscard]] std::size_t skipped() const noexcept { return skipped_; }

private:
    struct Hashed {
        std::string digest;
        std::size_t key;
    };
    struct Patterns {
        std::vector<std::string> globs;
        std::size_t key;
    };

    bool add_line(std::string_view line, std::string_view file, int number);
    bool index_names(std::string_view names, std::size_t key);
    [[nodiscard]] std::vector<KnownKey> find(const std::string& name) const;

    std::vector<KnownKey> keys_;
    std::unordered_map<std::string, std::vector<std::size_t>> plain_;
    std::unordered_map<std::string, std::vector<Hashed>> hashed_;  ///< by salt
    std::vector<Patterns> patterns_;
    std::size_t skipped_ = 0;
};

/// The line to append for a newly accepted key, with its newline.
[[nodiscard]] std::string known_hosts_line(std::string_view host, std::uint16_t port, std::string_view key_type,
                                           std::string_view key_base64, std::string_view alias = {});

}  // namespace vmc::model
