// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <vm_connection/notice.hpp>
#include <vm_connection/target.hpp>

#include "link/ports.hpp"
#include "model/etiquette.hpp"

namespace vmc::link {

using Tell = std::function<void(Notice::Kind, std::string)>;

/// Reaches one host, politely: asks the authentication breaker first, keeps to the etiquette,
/// parks on a connection that was accepted and stays silent. One attempt a call, at most two at
/// a time. Outlives its attempts.
class Approach {
public:
    Approach(const Ports& ports, const Target& target, Tell tell);

    /// One attempt. `deadline` ends it while nothing has accepted us; when `may_park`, a
    /// connection accepted by then may stay silent for up to 110 s (below sshd's LoginGraceTime
    /// of 120 s): it is the attempt.
    Async<Result<std::unique_ptr<port::Session>>> reach(Instant deadline, bool may_park);

    /// Not before this may the next attempt begin without breaking the etiquette.
    [[nodiscard]] Instant may_connect_at() const;
    /// Also tries while the breaker is open (`--retry-auth`).
    void ignore_breaker(bool yes) { ignore_breaker_ = yes; }

private:
    std::optional<Error> held_by_breaker();
    void remember(const Result<std::unique_ptr<port::Session>>& result);

    const Ports& ports_;
    const Target& target_;
    Tell tell_;
    model::Etiquette etiquette_;
    std::string breaker_;
    bool ignore_breaker_ = false;
};

}  // namespace vmc::link
