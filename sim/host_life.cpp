// SPDX-License-Identifier: Apache-2.0
// How a machine dies, starts, stands still and goes back.
#include <algorithm>

#include "base/ensure.hpp"
#include "sim/forwarder.hpp"
#include "sim/host.hpp"
#include "sim/sshd.hpp"

namespace vmc::sim {

void SimHost::die() {
    ++life_;
    up_ = sshd_started_ = false;
    mind_the_way();
    processes_.clear();
    sshd_->vanish();
}

void SimHost::reboot(Duration down_for) {
    story().tell(name_, "goes down");
    has_power_ = true;
    die();
    boot_after(down_for);
}

void SimHost::power_off() {
    story().tell(name_, "power off");
    has_power_ = panicked_ = false;
    die();
}

void SimHost::power_on() {
    if (has_power_) return;
    story().tell(name_, "power on");
    has_power_ = true;
    ++life_;
    boot_after(boot_takes);
}

void SimHost::boot_after(Duration span) {
    agenda().after(span, [this, life = life_] {
        if (life != life_) return;
        up_ = true;
        ++boots_;
        boot_id_ = uuid(random());
        booted_at_ = agenda().now();
        paused_at_ = booted_at_;
        user_space_since_ = std::chrono::milliseconds(100 + pick(random(), 10) * 10);
        soft_reboots_ = 0;
        story().tell(name_, "booted, boot id " + boot_id_);
        if (boot_heals) heal();
        mind_the_way();
    });
    start_services_after(span + services_after);
}

void SimHost::start_services_after(Duration span) {
    agenda().after(span, [this, life = life_] {
        if (life != life_) return;
        sshd_started_ = true;
        story().tell(name_, "sshd started");
    });
}

namespace {

/// Of what runs there: the next boot ends it.
constexpr std::array inner_troubles = {Trouble::sshd_stopped,     Trouble::sshd_frozen,      Trouble::throttled,
                                       Trouble::booting_message,  Trouble::shutdown_message, Trouble::userspace_frozen,
                                       Trouble::fork_fails,       Trouble::shell_fork_fails, Trouble::processes_scarce,
                                       Trouble::exec_hangs,       Trouble::disk_hung,        Trouble::root_read_only,
                                       Trouble::memory_exhausted, Trouble::kernel_oops};

}  // namespace

void SimHost::heal() {
    for (const Trouble trouble : inner_troubles) mend(trouble);
}

bool SimHost::is_well() const {
    return thinks() && serves() && std::ranges::none_of(inner_troubles, [this](Trouble t) { return suffers(t); });
}

void SimHost::mend(Trouble trouble) {
    while (suffers(trouble)) end(trouble);
}

void SimHost::panic() {
    story().tell(name_, "kernel panic");
    panicked_ = true;
    die();
}

void SimHost::soft_reboot() {
    story().tell(name_, "user space restarts");
    ++life_;
    ++soft_reboots_;
    user_space_since_ = uptime();
    sshd_started_ = false;
    sshd_->kill_sessions();
    processes_.clear();
    start_services_after(services_after);
}

void SimHost::revert_to_snapshot(Duration of_ago) {
    ensure(of_ago < uptime(), "a snapshot is of this boot");
    story().tell(name_, "goes back to a snapshot");
    ++life_;
    booted_at_ += of_ago;
    processes_.clear();
    sshd_->vanish();
    sshd_started_ = true;
}

Duration SimHost::uptime() const {
    const Instant now = suffers(Trouble::paused) && up_ ? paused_at_ : agenda().now();
    return now - booted_at_;
}

Duration SimHost::sluggishness() const {
    return suffers(Trouble::memory_exhausted) ? std::chrono::milliseconds(1500) : Duration{};
}

/// What a machine that is off or paused looks like from outside. A forwarder hears us all the same.
void SimHost::mind_the_way() {
    path.deaf = !forwarded && (!up_ || suffers(Trouble::paused));
    if (forwarded) forwarder_->tend();
}

/// The whole machine or only its programs began to stand still, or ceased to.
void SimHost::stand_still(bool whole) {
    if (whole && suffers(Trouble::paused)) paused_at_ = agenda().now();
    if (whole && !suffers(Trouble::paused) && up_) booted_at_ += agenda().now() - paused_at_;
    mind_the_way();
    // The kernel of a paused machine holds its sessions back itself, a forwarder does not.
    sshd_->freeze_sessions(suffers(Trouble::userspace_frozen) || (forwarded && suffers(Trouble::paused)));
    if (thinks()) wake_up();
}

}  // namespace vmc::sim
