// SPDX-License-Identifier: Apache-2.0
#include "edge/ssh/preamble.hpp"

#include <algorithm>

namespace vmc::edge {

namespace {
constexpr std::string_view identification = "SSH-";
constexpr std::size_t most_lines = 1024;       // OpenSSH: SSH_MAX_PRE_BANNER_LINES
constexpr std::size_t longest_line = 8192;     // OpenSSH: SSH_MAX_BANNER_LEN
constexpr std::size_t most_bytes = 64 * 1024;  // nobody who means well says more
constexpr std::size_t words_kept = 200;
constexpr std::size_t most_overheard = 40 * 1024;  // RFC 4253 §6.1: 35,000 bytes a packet
constexpr char msg_kexinit = 20;

std::uint32_t number_at(std::string_view bytes, std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
    return value;
}

/// The payload of a KEXINIT after its type byte: 16 bytes of cookie, then the key exchange methods.
bool offers_strict(std::string_view packet) {
    constexpr std::size_t length_at = 1 + 16;
    if (packet.size() < length_at + 4) return false;
    const std::size_t length = number_at(packet, length_at);
    const std::string_view methods = packet.substr(length_at + 4);
    return lists(methods.substr(0, std::min(length, methods.size())), "kex-strict-s-v00@openssh.com");
}
}  // namespace

bool lists(std::string_view list, std::string_view name) noexcept {
    for (;;) {
        const std::size_t comma = list.find(',');
        if (list.substr(0, comma) == name) return true;
        if (comma == std::string_view::npos) return false;
        list.remove_prefix(comma + 1);
    }
}

void Preamble::take(std::string_view bytes) {
    total_ += bytes.size();
    line_length_ += bytes.size();
    if (words_.size() < words_kept) words_.append(bytes.substr(0, words_kept - words_.size()));
    if (bytes.ends_with('\n')) {
        ++lines_;
        line_length_ = 0;
    }
}

Preamble::Found Preamble::look(std::string_view head, std::size_t& used) {
    used = 0;
    while (used < head.size()) {
        const std::string_view rest = head.substr(used);
        // Too short to tell is given to libssh as well, which waits for the rest of it: left in the
        // socket it would make it look readable for ever.
        if (line_length_ == 0 &&
            rest.starts_with(identification.substr(0, std::min(rest.size(), identification.size()))))
            return Found::identification;
        const std::size_t end = rest.find('\n');
        const std::string_view line = rest.substr(0, end == std::string_view::npos ? rest.size() : end + 1);
        take(line);
        used += line.size();
        if (lines_ >= most_lines || line_length_ >= longest_line || total_ >= most_bytes) return Found::endless;
    }
    return Found::nothing_yet;
}

void Overheard::feed(std::string_view bytes) {
    if (done()) return;
    bytes_.append(bytes);
    if (!after_banner_) {
        const std::size_t end = bytes_.find('\n');
        after_banner_ = end != std::string::npos;
        at_ = after_banner_ ? end + 1 : 0;
    }
    while (after_banner_ && !done() && bytes_.size() >= at_ + 6) {
        const std::size_t length = number_at(bytes_, at_);
        if (length > most_overheard) given_up_ = true;
        if (given_up_ || bytes_.size() < at_ + 4 + length) break;
        const std::string_view payload =
            std::string_view(bytes_).substr(at_ + 5, length - std::min<std::size_t>(length, 1));
        if (!payload.empty() && payload.front() == msg_kexinit) strict_ = offers_strict(payload);
        at_ += 4 + length;
    }
    if (bytes_.size() > most_overheard) given_up_ = true;
    if (done()) bytes_ = std::string();
}

}  // namespace vmc::edge
