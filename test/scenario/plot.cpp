// SPDX-License-Identifier: Apache-2.0
#include "plot.hpp"

#include <utility>

namespace vmc::test {

using namespace std::chrono_literals;
using sim::Fault;
using sim::Trouble;

namespace {

constexpr Duration lasting = 24h;

void sick(Scene& on, Trouble what) { on.begins(Fault::sickness(what, 0s, lasting)); }

void path_dead(Scene& on) {
    const Fault variants[] = {Fault::drop_both(0s, lasting), Fault::drop_both(0s, lasting), Fault::drop_in(0s, lasting),
                              Fault::drop_out(0s, lasting)};
    on.begins(variants[on.variant(4)]);
}

void port_filtered(Scene& on) {
    const Fault variants[] = {Fault::swallow_port(0s, lasting), Fault::swallow_port(0s, lasting),
                              Fault::drop_new(0s, lasting), Fault::swallow_tcp(0s, lasting)};
    on.begins(variants[on.variant(4)]);
}

void port_rejected(Scene& on) {
    on.begins(on.variant(2) ? Fault::refuse_port(0s, lasting) : Fault::reject_new(0s, lasting));
}

void dns(Scene& on) {
    if (on.variant(2)) on.world.network().names_answer = false;
    else on.world.network().forget_name(on.host.name());
}

void sshd_down(Scene& on) {
    on.begins(Fault::sshd_stop(0s, lasting));
    if (on.variant(3) == 0) on.begins(Fault::kill_sessions(0s));
}

void throttled(Scene& on) {
    if (on.variant(3) == 0) on.host.throttle_words = "Not allowed at this time";
    on.begins(Fault::throttle(0s, lasting));
}

void host_key_changed(Scene& on) {
    const bool only_the_key = on.variant(2) != 0;
    on.begins(only_the_key ? Fault::new_host_key(0s) : Fault::re_image(0s));
    if (!only_the_key) on.begins(Fault::reboot(0s, 1ms));
}

/// Its address went to another one: of the same image and keys, or a stranger.
void other_machine(Scene& on) {
    if (on.variant(2)) {
        on.begins(Fault::become_clone(0s));
    } else {
        on.begins(Fault::re_image(0s));
        on.host.banner = "SSH-2.0-OpenSSH_7.4";
    }
    on.begins(Fault::rst(0s));
}

void userspace_stuck(Scene& on) {
    on.begins(on.variant(3) ? Fault::freeze(0s, lasting) : Fault::hang_exec(0s, lasting));
}

void fork_failure(Scene& on) {
    const Fault variants[] = {Fault::fork_fails(0s, lasting), Fault::no_process(0s, lasting),
                              Fault::sickness(Trouble::shell_fork_fails, 0s, lasting),
                              Fault::sickness(Trouble::processes_scarce, 0s, lasting)};
    on.begins(variants[on.variant(4)]);
}

void flap(sim::World& world, sim::SimHost& host, Duration half, bool down) {
    for (const Trouble trouble : {Trouble::drop_out, Trouble::drop_in}) down ? host.begin(trouble) : host.end(trouble);
    world.at(half, [&world, &host, half, down] { flap(world, host, half, !down); });
}

void flapping(Scene& on) {
    const Duration half = on.variant(2) ? Duration(500ms) : on.seconds_between(1, 15);
    flap(on.world, on.host, half, true);
}

void booting(Scene& on) {
    on.host.services_after = on.seconds_between(2, 40);
    switch (on.variant(5)) {
        case 0: return on.begins(Fault::kexec(0s));
        case 1: return on.begins(Fault::soft_reboot(0s));
        case 2: return on.begins(Fault::booting_message(0s, on.seconds_between(20, 150)));
        default: return on.begins(Fault::reboot(0s, on.seconds_between(3, 60)));
    }
}

void shutting_down(Scene& on) {
    const Duration takes = on.seconds_between(10, 120);
    on.begins(Fault::shutdown_message(0s, takes));
    on.begins(Fault::power_off(takes));
}

void boot_again(sim::World& world, sim::SimHost& host, Duration down, Duration every) {
    host.reboot(down);
    world.at(every, [&world, &host, down, every] { boot_again(world, host, down, every); });
}

void boot_loop(Scene& on) {
    const Duration down = on.seconds_between(3, 20);
    boot_again(on.world, on.host, down, down + on.seconds_between(5, 40));
}

void dump(Scene& on) {
    on.begins(Fault::panic(0s));
    on.world.at(on.seconds_between(300, 900), [&host = on.host] { host.reboot(5s); });
}

void observer_offline(Scene& on) {
    // A machine on our own network is reached without a gateway.
    auto& network = on.world.network();
    switch (on.variant(4)) {
        case 0: return on.host.path.local ? network.begin_cut() : network.begin_uplink_cut();
        case 1: return on.host.path.local ? network.begin_cut() : network.begin_gateway_down();
        case 2: return network.begin_cut();
        default: return network.begin_cut(false);  // a switch
    }
}

/// Again and again another program has the processor.
void starve(sim::World& world, sim::SimRandom& random, Duration longest) {
    const auto part = [&] { return 0.05 + 0.95 * static_cast<double>(sim::pick(random, 1000)) / 1000; };
    const auto span = [&](double share) { return std::chrono::duration_cast<Duration>(share * longest); };
    const Duration held = span(part());
    world.hold_up(held);
    world.at(held + span(part()), [&world, &random, longest] { starve(world, random, longest); });
}

void observer_overloaded(Scene& on) { starve(on.world, on.random, on.seconds_between(1, 10)); }

/// Its daemon, or all of it: seen as a TCP peer, or through a ProxyCommand.
void bastion_down(Scene& on) {
    const Fault variants[] = {Fault::forwarder_stop(0s, lasting), Fault::drop_both(0s, lasting),
                              Fault::forwarder_mute(0s, lasting)};
    on.begins(variants[on.variant(3)]);
}

void session_killed(Scene& on) { on.begins(on.variant(2) ? Fault::kill_sessions(0s) : Fault::rst(0s)); }
void nat_expired(Scene& on) { on.begins(Fault::forget_flows(0s, on.variant(2) != 0)); }
void clock_stepped(Scene& on) { on.host.clock_ahead = (on.variant(2) ? 1 : -1) * on.seconds_between(120, 7200); }

void slow(Scene& on) {
    if (on.variant(2)) on.host.path.latency = on.seconds_between(0.5, 2);
    else on.host.path.bytes_per_second = static_cast<std::uint64_t>(on.between(500, 4000));  // 4 to 32 kbit/s
}

void lossy(Scene& on) { on.host.path.loss = on.between(0.2, 0.5); }

}  // namespace

const std::vector<Plot>& plots() {
    using enum Plot::Needs;
    static const std::vector<Plot> all{
        {"dns", 2, nothing, dns},
        {"route", 2, nothing, [](Scene& on) { on.begins(Fault::no_route(0s, lasting)); }},
        {"path-dead", 5, nothing, path_dead},
        {"vm-off", 4, nothing, [](Scene& on) { on.begins(Fault::power_off(0s)); }},
        {"vm-paused", 3, nothing, [](Scene& on) { on.begins(Fault::pause(0s, lasting)); }},
        {"kernel-dead", 3, nothing, [](Scene& on) { on.begins(Fault::panic(0s)); }},
        {"port-filtered", 4, nothing, port_filtered},
        {"port-rejected", 3, nothing, port_rejected},
        {"sshd-down", 4, nothing, sshd_down},
        {"sshd-hung", 3, nothing, [](Scene& on) { on.begins(Fault::sshd_freeze(0s, lasting)); }},
        {"throttled", 2, nothing, throttled},
        {"auth-denied", 2, nothing, [](Scene& on) { on.begins(Fault::deny(0s, lasting)); }},
        {"host-key-changed", 2, acquaintance, host_key_changed},
        {"other-machine", 2, acquaintance, other_machine},
        {"restricted-shell", 2, nothing, [](Scene& on) { on.host.forced_words = "This account is not available."; }},
        {"userspace-stuck", 4, nothing, userspace_stuck},
        {"fork-failure", 3, nothing, fork_failure},
        {"memory-exhausted", 2, nothing, [](Scene& on) { sick(on, Trouble::memory_exhausted); }},
        {"disk-full", 2, nothing, [](Scene& on) { sick(on, Trouble::disk_full); }},
        {"inodes-full", 2, nothing, [](Scene& on) { sick(on, Trouble::inodes_full); }},
        {"read-only-root", 2, nothing, [](Scene& on) { sick(on, Trouble::root_read_only); }},
        {"disk-hung", 2, nothing, [](Scene& on) { sick(on, Trouble::disk_hung); }},
        {"kernel-fault", 2, nothing, [](Scene& on) { sick(on, Trouble::kernel_oops); }},
        {"mtu", 2, nothing, [](Scene& on) { on.begins(Fault::lose_big(0s, lasting)); }},
        {"lossy", 2, nothing, lossy},
        {"slow", 2, nothing, slow},
        {"flapping", 2, nothing, flapping},
        {"nat-expired", 2, acquaintance, nat_expired},
        {"session-killed", 2, acquaintance, session_killed},
        {"booting", 4, nothing, booting},
        {"shutting-down", 2, nothing, shutting_down},
        {"boot-loop", 2, nothing, boot_loop},
        {"dump-in-progress", 1, nothing, dump},
        {"bastion-down", 4, forwarder, bastion_down},
        {"observer-offline", 3, nothing, observer_offline},
        {"observer-overloaded", 3, nothing, observer_overloaded},
        {"clock-stepped", 2, nothing, clock_stepped},
    };
    return all;
}

std::string cause_now(std::string_view begun, const sim::SimHost& host) {
    if (begun == "shutting-down" && !host.up()) return "vm-off";
    const bool boots = !host.serves() || host.suffers(Trouble::booting_message);
    if (begun == "booting" && !boots) return "none";
    return std::string(begun);
}

}  // namespace vmc::test
