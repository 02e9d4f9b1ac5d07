// SPDX-License-Identifier: Apache-2.0
#include "sim/gatekeeper.hpp"

#include <algorithm>

#include "sim/host.hpp"

namespace vmc::sim {

using std::chrono::minutes;
using std::chrono::seconds;

namespace {

// sshd_config(5), PerSourcePenalties.
constexpr Duration least_enforced = seconds(15);
constexpr Duration most = minutes(10);

// jail.conf(5): maxretry, findtime, bantime.
constexpr std::size_t max_retry = 5;
constexpr Duration find_time = minutes(10);
constexpr Duration ban_time = minutes(10);

Duration penalty_for(Gatekeeper::Offence offence) {
    switch (offence) {
        case Gatekeeper::Offence::pam:
        case Gatekeeper::Offence::authfail: return seconds(5);
        case Gatekeeper::Offence::noauth: return seconds(1);
        case Gatekeeper::Offence::grace_exceeded: return seconds(10);
        case Gatekeeper::Offence::crash: return seconds(90);
    }
    return {};
}

}  // namespace

void Gatekeeper::met(Offence offence) {
    if (host_.source_penalties) penalise(offence);
    if (host_.fail2ban && offence != Offence::crash && offence != Offence::pam) count_failure();
}

bool Gatekeeper::refuses() const { return enforced_ && host_.agenda().now() <= penalty_until_; }

void Gatekeeper::penalise(Offence offence) {
    const Instant now = host_.agenda().now();
    enforced_ = refuses();
    penalty_until_ = std::min(now + most, std::max(now, penalty_until_) + penalty_for(offence));
    if (enforced_ || penalty_until_ - now <= least_enforced) return;
    enforced_ = true;
    ++penalised_;
    host_.story().tell(host_.name(), "sshd enforces a penalty on our address");
}

void Gatekeeper::count_failure() {
    const Instant now = host_.agenda().now();
    failures_.push_back(now);
    host_.story().tell(host_.name(), "fail2ban counts a connection from our address that came to no login");
    while (now - failures_.front() > find_time) failures_.pop_front();
    if (failures_.size() < max_retry) return;
    failures_.clear();
    ++jailed_;
    host_.story().tell(host_.name(), "fail2ban bans our address");
    host_.path.sieve.banned_port = host_.ssh_port;
    host_.agenda().after(ban_time, [this] {
        host_.story().tell(host_.name(), "fail2ban lets our address in again");
        host_.path.sieve.banned_port.reset();
    });
}

}  // namespace vmc::sim
