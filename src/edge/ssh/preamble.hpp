// SPDX-License-Identifier: Apache-2.0
// What a server says in the clear. Pure: bytes in, verdict out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vmc::edge {

/// The lines before the identification line (RFC 4253 §4.2), which libssh would throw away, and
/// where a server says why it will not talk: "Exceeded MaxStartups", "Not allowed at this time",
/// or that it is no SSH server at all. Bounded: 1,024 lines as in OpenSSH, of 8,192 bytes each,
/// and 64 KiB in all.
class Preamble {
public:
    enum class Found { nothing_yet, identification, endless };

    /// Looks at bytes at the head of the stream; `used` is how many of them belong to the preamble
    /// and are to be taken from it. On `identification` the rest begins with "SSH-".
    Found look(std::string_view head, std::size_t& used);

    /// The first 200 bytes of it.
    [[nodiscard]] const std::string& words() const noexcept { return words_; }
    [[nodiscard]] bool said_anything() const noexcept { return total_ > 0; }

private:
    void take(std::string_view bytes);
    std::string words_;
    std::size_t lines_ = 0;
    std::size_t line_length_ = 0;
    std::size_t total_ = 0;
};

/// Follows the clear-text part of the key exchange to learn one thing libssh does not tell: whether
/// the server offers strict key exchange, without which some ciphers can be truncated unseen
/// (CVE-2023-48795). Fed with exactly the bytes that libssh reads, from the identification line on.
class Overheard {
public:
    void feed(std::string_view bytes);
    /// Something was missed; the question stays open.
    void give_up() noexcept { given_up_ = true; }
    /// Known once the server's KEXINIT has passed; nothing before.
    [[nodiscard]] std::optional<bool> strict() const noexcept { return strict_; }
    [[nodiscard]] bool done() const noexcept { return strict_ || given_up_; }

private:
    std::string bytes_;
    std::size_t at_ = 0;  // of the next packet
    bool after_banner_ = false;
    bool given_up_ = false;
    std::optional<bool> strict_;
};

/// Is this name in the comma-separated list?
[[nodiscard]] bool lists(std::string_view list, std::string_view name) noexcept;

}  // namespace vmc::edge
