// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <vm_connection/export.hpp>
#include <vm_connection/time.hpp>

namespace vmc VMC_API {

/// Something the user of a link is told at once, while it happens.
class Notice {
public:
    enum class Kind {
        connecting,  ///< an attempt begins
        online,      ///< authenticated, commands can run
        suspect,     ///< gone quiet, not lost: the old session stays, a new one is tried beside it
        answered,    ///< the suspect answered again; its commands go on
        replaced,    ///< a new session took over while the old one stays quiet
        waiting,     ///< an attempt failed; the next one comes after a pause
        ended,       ///< a session is over: RST, end of file, DISCONNECT, or our own doing
        rebooted,    ///< two authenticated readings of the same identity with different boot ids
        stopped,     ///< we will not try again by ourselves: key changed, access denied, closed
        host_key,    ///< an unknown host's key was accepted; from now on it must be this one
        command,     ///< about one command: a timeout, an attempt to end it
    };

    Notice(Kind what, WallTime when, std::string line) : kind(what), at(when), text(std::move(line)) {}

    Kind kind;
    WallTime at;
    std::string text;  ///< one line for people
};
[[nodiscard]] std::string_view slug(Notice::Kind kind) noexcept;

}  // namespace vmc VMC_API
