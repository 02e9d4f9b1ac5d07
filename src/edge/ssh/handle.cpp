// SPDX-License-Identifier: Apache-2.0
#include "edge/ssh/handle.hpp"

#include <libssh/callbacks.h>
#include <libssh/server.h>

#include "base/ensure.hpp"

namespace vmc::edge {

namespace {

/// Channel opens and requests of the server that nobody asked for: 1 makes libssh give the default
/// answer (a refusal). Without a callback it would keep each of them for the life of the session,
/// and sshd sends eow@openssh.com with nearly every command.
int refuse(ssh_session, ssh_message, void*) { return 1; }

}  // namespace

Handle::Handle() : session_(::ssh_new()) {
    ensure(session_ != nullptr, "there is memory for a session");
    ::ssh_set_counters(session_, &socket, &packets);
    ::ssh_set_message_callback(session_, refuse, nullptr);
}

Handle::~Handle() {
    if (event_) {
        ::ssh_event_remove_session(event_, session_);
        ::ssh_event_free(event_);
    }
    ::ssh_free(session_);
}

void Handle::watch() {
    if (event_) return;
    event_ = ::ssh_event_new();
    ensure(event_ && ::ssh_event_add_session(event_, session_) == SSH_OK, "there is memory for an event");
}

const char* words_of(ssh_session session) {
    const char* words = ::ssh_get_error(session);
    return words && *words ? words : "no reason given";
}

}  // namespace vmc::edge
