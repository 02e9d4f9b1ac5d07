// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <libssh/libssh.h>

#include <algorithm>
#include <cstdint>

namespace vmc::edge {

/// One ssh_session, its ssh_event and the counters it writes to. Never reused for a second
/// connection: libssh keeps state of the first (trap L11).
///
/// libssh owns the descriptor it was given and closes it whenever it likes (L8, L10); what we need
/// to wait on is a dup(). Freed by ssh_free alone, which does no I/O.
///
/// One thread at a time, and that may be a helper's: while `lent` is true, nobody else may touch it,
/// and whoever holds the last reference frees it.
class Handle {
public:
    Handle();
    ~Handle();
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;

    [[nodiscard]] ssh_session session() const noexcept { return session_; }
    [[nodiscard]] ssh_event event() const noexcept { return event_; }
    /// Moves the poll handle into an event of its own; only valid after ssh_connect was called.
    void watch();

    ssh_counter_struct socket{};         ///< bytes of the socket
    ssh_counter_struct packets{};        ///< packets as they enter and leave the engine
    std::uint64_t held_back_until = 0;   ///< a count of sent packets, see Handing
    bool lent = false;

private:
    ssh_session session_;
    ssh_event event_ = nullptr;
};

/// Stands around every libssh call that must send a packet. During a key re-exchange libssh queues
/// it where we cannot see it; then the engine counts as holding something back until NEWKEYS, the
/// at most two packets before it and the queue have been sent. Errs on the side of "still there".
class Handing {
public:
    explicit Handing(Handle& handle) noexcept : handle_(handle), before_(handle.packets.out_packets) {}
    ~Handing() {
        if (handle_.packets.out_packets == before_)
            handle_.held_back_until = std::max(handle_.held_back_until, before_) + 4;
    }
    Handing(const Handing&) = delete;
    Handing& operator=(const Handing&) = delete;

private:
    Handle& handle_;
    std::uint64_t before_;
};

/// libssh's last words on this session; never empty.
[[nodiscard]] const char* words_of(ssh_session session);

}  // namespace vmc::edge
