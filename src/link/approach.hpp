// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <vm_connection/notice.hpp>
#include <vm_connection/target.hpp>

#include "link/ports.hpp"

namespace vmc::link {

using Tell = std::function<void(Notice::Kind, std::string)>;

/// Reaches one host, politely: asks the authentication breaker and the etiquette first, both of
/// which other processes of ours share, waits for its turn at the door, and parks on a connection
/// that was accepted and stays silent. One attempt a call. Outlives its attempts.
class Approach {
public:
    Approach(const Ports& ports, const Target& target, Tell tell);

    /// One attempt. `deadline` ends it while nothing has accepted us; when `may_park`, a
    /// connection accepted by then may stay silent for up to 110 s (below sshd's LoginGraceTime
    /// of 120 s): it is the attempt.
    Async<Result<std::unique_ptr<port::Session>>> reach(Instant deadline, bool may_park);

    /// Not before this may the next attempt begin without breaking the etiquette.
    [[nodiscard]] Instant may_connect_at() const;
    /// Also tries while the breaker is open or the etiquette says no (`--retry-auth`).
    void ignore_held(bool yes) { ignore_held_ = yes; }

private:
    Async<std::vector<Doors::Pass>> enter();
    Async<Result<std::unique_ptr<port::Session>>> attempt(Instant deadline, bool may_park);
    std::optional<Error> held_by_breaker();
    std::optional<Error> held_by_etiquette();
    /// Until when: too many connections were accepted and came to no login, ours or other processes'.
    [[nodiscard]] std::optional<WallTime> left_too_often() const;
    void remember(const Result<std::unique_ptr<port::Session>>& result);
    void remember_leaving();
    void update(const std::string& record, const std::function<std::string(std::optional<std::string>)>& change);

    const Ports& ports_;
    const Target& target_;
    Tell tell_;
    std::string breaker_;    // names of records
    std::string etiquette_;
    bool ignore_held_ = false;
};

}  // namespace vmc::link
