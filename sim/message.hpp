// SPDX-License-Identifier: Apache-2.0
// What SSH says over a connection: whole messages with a length, not encrypted bytes.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace vmc::sim {

/// Names as in RFC 4253, 4252 and 4254, shortened.
enum class Say : std::uint8_t {
    line,  ///< text before the identification, "Exceeded MaxStartups"
    banner,
    kexinit,
    kex_ask,
    kex_reply,
    newkeys,
    service_request,
    service_accept,
    userauth_request,
    userauth_success,
    userauth_failure,
    userauth_banner,
    disconnect,
    keepalive,
    keepalive_reply,
    channel_open,
    channel_confirm,
    channel_refuse,
    pty,
    exec,
    request_success,
    request_failure,
    signal,
    resize,
    exit_status,
    exit_signal,
    data,
    extended_data,
    eof,
    close,
    window,
    fin,   ///< TCP's own: no more bytes from this side
};

class Message {
public:
    explicit Message(Say what, std::uint32_t on = 0, std::string words = {}, std::uint64_t amount = 0)
        : say(what), channel(on), number(amount), text(std::move(words)) {}

    Say say;
    std::uint32_t channel;  ///< chosen by the client, both sides use it
    std::uint64_t number;   ///< exit code, window, core dumped
    std::string text;
    std::string more;       ///< the second word where there are two: the key of a user, a signal's message

    /// On the wire: padding, MAC and header of an SSH packet are 40 to 64 bytes.
    [[nodiscard]] std::size_t size() const noexcept { return say == Say::fin ? 1 : text.size() + more.size() + 56; }
};

}  // namespace vmc::sim
