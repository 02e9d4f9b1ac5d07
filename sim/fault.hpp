// SPDX-License-Identifier: Apache-2.0
// Harm as data: it can be listed, printed, drawn from a seed, and done to a machine.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/host.hpp"

namespace vmc::sim {

/// What goes wrong, when (from the moment it is planned), and for how long.
class Fault {
public:
    enum class Event {
        reset,
        reboot,
        power_off,
        kill_sessions,
        new_host_key,
        re_image,
        cut_after_bytes,
        kexec,
        soft_reboot,
        panic,
        snapshot_revert,
        forget_flows,
        forget_flows_and_reset,
        clone
    };

    static Fault drop_both(Duration at, Duration lasts) {
        return Fault(at, lasts).with(Trouble::drop_out).with(Trouble::drop_in);
    }
    static Fault drop_in(Duration at, Duration lasts) { return Fault(at, lasts).with(Trouble::drop_in); }
    static Fault drop_out(Duration at, Duration lasts) { return Fault(at, lasts).with(Trouble::drop_out); }
    static Fault drop_new(Duration at, Duration lasts) { return Fault(at, lasts).with(Trouble::drop_new); }
    static Fault reject_new(Duration at, Duration lasts) { return Fault(at, lasts).with(Trouble::reject_new); }
    /// A firewall's DROP on the ssh port, as fail2ban makes.
    static Fault swallow_port(Duration at, Duration lasts) { return Fault(at, lasts).with(Trouble::port_swallowed); }
    static Fault refuse_port(Duration at, Duration lasts) { return Fault(at, lasts).with(Trouble::port_refused); }
    static Fault swallow_tcp(Duration at, Duration lasts) { return Fault(at, lasts).with(Trouble::tcp_swallowed); }
    static Fault lose_big(Duration at, Duration lasts) { return Fault(at, lasts).with(Trouble::big_packets_lost); }
    static Fault no_route(Duration at, Duration lasts) { return Fault(at, lasts).with(Trouble::no_route); }
    static Fault forwarder_stop(Duration at, Duration lasts) { return Fault(at, lasts).with(Trouble::forwarder_down); }
    static Fault forwarder_mute(Duration at, Duration lasts) { return Fault(at, lasts).with(Trouble::forwarder_mute); }
    static Fault sshd_stop(Duration at, Duration lasts) { return Fault(at, lasts).with(Trouble::sshd_stopped); }
    static Fault sshd_freeze(Duration at, Duration lasts) { return Fault(at, lasts).with(Trouble::sshd_frozen); }
    static Fault throttle(Duration at, Duration lasts) { return Fault(at, lasts).with(Trouble::throttled); }
    static Fault booting_message(Duration at, Duration lasts) {
        return Fault(at, lasts).with(Trouble::booting_message);
    }
    static Fault deny(Duration at, Duration lasts) { return Fault(at, lasts).with(Trouble::login_denied); }
    static Fault pause(Duration at, Duration lasts) { return Fault(at, lasts).with(Trouble::paused); }
    static Fault freeze(Duration at, Duration lasts) { return Fault(at, lasts).with(Trouble::userspace_frozen); }
    static Fault fork_fails(Duration at, Duration lasts) { return Fault(at, lasts).with(Trouble::fork_fails); }
    static Fault shutdown_message(Duration at, Duration lasts) {
        return Fault(at, lasts).with(Trouble::shutdown_message);
    }
    static Fault hang_exec(Duration at, Duration lasts) { return Fault(at, lasts).with(Trouble::exec_hangs); }
    /// One of those that only the machine itself can tell: its disk, memory or kernel.
    static Fault sickness(Trouble what, Duration at, Duration lasts) { return Fault(at, lasts).with(what); }
    /// Neither sshd for newcomers nor the shell on a session that is still open.
    static Fault no_process(Duration at, Duration lasts) {
        return Fault(at, lasts).with(Trouble::fork_fails).with(Trouble::shell_fork_fails);
    }
    static Fault rst(Duration at) { return Fault(at, {}).with(Event::reset); }
    static Fault reboot(Duration at, Duration down_for) { return Fault(at, down_for).with(Event::reboot); }
    /// `lasts` zero: it stays off.
    static Fault power_off(Duration at, Duration lasts = {}) { return Fault(at, lasts).with(Event::power_off); }
    static Fault kill_sessions(Duration at) { return Fault(at, {}).with(Event::kill_sessions); }
    static Fault new_host_key(Duration at) { return Fault(at, {}).with(Event::new_host_key); }
    static Fault re_image(Duration at) { return Fault(at, {}).with(Event::re_image); }
    static Fault become_clone(Duration at) { return Fault(at, {}).with(Event::clone); }
    static Fault kexec(Duration at) { return Fault(at, {}).with(Event::kexec); }
    static Fault soft_reboot(Duration at) { return Fault(at, {}).with(Event::soft_reboot); }
    static Fault panic(Duration at) { return Fault(at, {}).with(Event::panic); }
    static Fault snapshot_revert(Duration at, Duration of_ago) {
        return Fault(at, of_ago).with(Event::snapshot_revert);
    }
    static Fault forget_flows(Duration at, bool resets) {
        return Fault(at, {}).with(resets ? Event::forget_flows_and_reset : Event::forget_flows);
    }
    /// `bytes` more in both directions together, then the way is cut for a while.
    static Fault cut_after_bytes(Duration at, std::uint64_t bytes, Duration lasts) {
        Fault fault = Fault(at, lasts).with(Event::cut_after_bytes);
        fault.bytes_ = bytes;
        return fault;
    }

    /// Plans it for a machine, counted from now.
    void plan(SimHost& host) const;
    /// When it is over, counted like `at`.
    [[nodiscard]] Duration over_at() const { return at_ + lasts_; }
    /// "at 3.250s for 12.000s: nothing of ours arrives, nothing of its arrives here"
    [[nodiscard]] std::string line() const;

private:
    Fault(Duration at, Duration lasts) : at_(at), lasts_(lasts) {}
    Fault with(Trouble trouble) && {
        troubles_.push_back(trouble);
        return std::move(*this);
    }
    Fault with(Event event) && {
        events_.push_back(event);
        return std::move(*this);
    }
    static void happen(Event event, SimHost& host, Duration lasts, std::uint64_t bytes);

    Duration at_;
    Duration lasts_;
    std::uint64_t bytes_ = 0;
    std::vector<Trouble> troubles_;
    std::vector<Event> events_;
};

/// `count` faults that begin within `horizon` and last up to a third of it; none that forbids
/// convergence (no new host key, no power off for good).
[[nodiscard]] std::vector<Fault> random_faults(port::Random& random, std::size_t count, Duration horizon);
[[nodiscard]] std::string story(const std::vector<Fault>& faults);
void plan(const std::vector<Fault>& faults, SimHost& host);

}  // namespace vmc::sim
