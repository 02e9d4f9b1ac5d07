// SPDX-License-Identifier: Apache-2.0
// From libssh's and the server's words to our errors.
#pragma once

#include <libssh/libssh.h>

#include <string>
#include <string_view>

#include <vm_connection/error.hpp>

namespace vmc::edge {

/// The connection failed or ended at `stage`: what libssh knows of it, sorted by what a caller can do.
/// DISCONNECT's text and key-exchange mismatches keep the peer's own words.
[[nodiscard]] Error connection_error(ssh_session session, Stage stage);

/// The server closed or went on talking without identifying itself; `words` is what it said instead.
[[nodiscard]] Error no_ssh_there(std::string_view words, std::string_view how);

/// "System is booting up", "going down", pam_nologin's default text.
[[nodiscard]] bool says_booting(std::string_view words);
/// MaxStartups and per-source penalties: sshd is alive and says "later".
[[nodiscard]] bool says_later(std::string_view words);

/// At most 1 KiB, without the line ends around it.
[[nodiscard]] std::string trimmed(std::string_view words);

}  // namespace vmc::edge
