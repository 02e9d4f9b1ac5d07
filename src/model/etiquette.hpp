// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>

#include <vm_connection/time.hpp>

namespace vmc::model {

/// What one VM's sshd may be asked to bear, so that we never get ourselves banned. fail2ban's
/// aggressive mode counts connections that were accepted and then left without a login (5 in
/// 10 minutes bans), and each one holds a MaxStartups slot. RST and timeouts never reach sshd
/// and are free; a completed login is free. Lost with the process: a restart starts at zero.
class Etiquette {
public:
    static constexpr Duration window = std::chrono::minutes(10);
    static constexpr std::size_t abandoned_limit = 4;
    static constexpr int handshakes_limit = 2;

    /// TCP was accepted, and the connection ended before the login was decided.
    void abandoned(Instant when);

    void handshake_began() { ++in_flight_; }
    void handshake_ended() { --in_flight_; }

    /// `now` when a connect may begin; later when the budget is spent; `never` while two
    /// handshakes are under way: ask again when one has ended.
    [[nodiscard]] Instant may_connect_at(Instant now) const;

private:
    std::deque<Instant> abandoned_;  ///< the latest abandoned_limit, oldest first
    int in_flight_ = 0;
};

}  // namespace vmc::model
