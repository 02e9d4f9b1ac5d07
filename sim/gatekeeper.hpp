// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>

#include <vm_connection/time.hpp>

namespace vmc::sim {

class SimHost;

/// What a machine holds against our address, and does about it. Two, each where the host's settings say so:
///
/// sshd's own PerSourcePenalties (OpenSSH 9.8 and later, on by default): each offence adds its seconds to what is
/// left of the earlier ones. More than 15 s are enforced: newcomers are told "Not allowed at this time"
/// until all of it has passed. Sessions that are open go on.
///
/// fail2ban's jail for sshd, aggressive mode: five connections within ten minutes that ended before a login ban
/// the address for ten minutes: all that goes to and from the ssh port is swallowed.
class Gatekeeper {
public:
    /// How a connection ended before anybody was logged in. As in sshd_config(5).
    /// `pam`: the key was right and an account module (nologin) said no; sshd takes it for authfail, and fail2ban
    /// finds no address in the line.
    enum class Offence { authfail, noauth, grace_exceeded, crash, pam };

    explicit Gatekeeper(SimHost& host) : host_(host) {}
    Gatekeeper(const Gatekeeper&) = delete;

    void met(Offence offence);
    /// A penalty is being enforced: sshd turns newcomers away.
    [[nodiscard]] bool refuses() const;
    /// How often penalties came to be enforced, and how often fail2ban banned us.
    [[nodiscard]] int penalised() const noexcept { return penalised_; }
    [[nodiscard]] int jailed() const noexcept { return jailed_; }
    [[nodiscard]] int banned() const noexcept { return penalised_ + jailed_; }

private:
    void penalise(Offence offence);
    void count_failure();

    SimHost& host_;
    Instant penalty_until_{};
    bool enforced_ = false;
    std::deque<Instant> failures_;
    int penalised_ = 0;
    int jailed_ = 0;
};

}  // namespace vmc::sim
