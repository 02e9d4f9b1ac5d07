// SPDX-License-Identifier: Apache-2.0
#include "model/symptoms_of.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace vmc::model {
namespace {

/// An ICMP rejection is as fast as the path; nobody answers ARP is known after three requests, one a
/// second (net.ipv4.neigh.*.mcast_solicit). In between either may be.
constexpr Duration at_once = std::chrono::milliseconds(500);
constexpr Duration after_arp = std::chrono::seconds(1);

Login unreachable_after(Duration took) {
    if (took <= at_once) return Login::rejected;
    return took >= after_arp ? Login::no_neighbour : Login::unknown;
}

Login at_tcp(const Error& error) {
    switch (error.code()) {
        // By a message of the kernel of whoever stands in between: no segment came back.
        case Code::refused:
            return error.message().find("rejected by ICMP") != std::string::npos ? Login::rejected : Login::refused;
        case Code::timed_out: return Login::silent;
        case Code::unreachable: return unreachable_after(error.took());
        // A proxy command that ended, or a connection that was reset at once.
        case Code::lost: return Login::hung_up;
        default: return Login::unknown;
    }
}

Login at_authentication(const Error& error) {
    switch (error.code()) {
        case Code::auth_denied:
        case Code::auth_held: return Login::denied;
        case Code::booting:
            return error.peer_words().find("going down") != std::string::npos ? Login::going_down : Login::booting;
        case Code::timed_out: return Login::auth_silent;
        case Code::lost:
        case Code::protocol: return Login::auth_ended;
        case Code::restricted_shell: return Login::restricted;
        default: return Login::unknown;
    }
}

Login before_authentication(const Error& error) {
    const bool banner = error.stage() == Stage::banner;
    switch (error.code()) {
        case Code::host_key_changed:
        case Code::host_key_revoked: return Login::stranger;
        case Code::timed_out: return banner ? Login::no_banner : Login::kex_silent;
        case Code::lost:
        case Code::protocol:
        case Code::no_common_algorithm: return banner ? Login::hung_up : Login::kex_ended;
        default: return Login::unknown;
    }
}

Login after_login(const Error& error) {
    switch (error.code()) {
        case Code::channel_refused: return Login::no_channel;
        case Code::restricted_shell: return Login::restricted;
        case Code::timed_out: return Login::exec_silent;
        case Code::held:
        case Code::cancelled: return Login::unknown;
        default: return Login::exec_failed;
    }
}

Login login_of(const Error& error, Setting setting) {
    // Only a living sshd says this, wherever it says it.
    if (error.code() == Code::throttled) return Login::throttled;
    if (error.code() == Code::held || error.code() == Code::local) return Login::unknown;
    switch (error.stage()) {
        case Stage::none:
        case Stage::config: return error.code() == Code::auth_held ? Login::denied : Login::unknown;
        case Stage::resolve: return Login::no_name;
        case Stage::tcp: {
            const auto login = at_tcp(error);
            return login == Login::hung_up && setting == Setting::forwarded ? Login::no_proxy : login;
        }
        case Stage::banner:
        case Stage::key_exchange:
        case Stage::host_key: return before_authentication(error);
        case Stage::authentication: return at_authentication(error);
        case Stage::channel:
        case Stage::request:
        case Stage::command: return after_login(error);
    }
    return Login::unknown;
}

/// Where no login was tried (basic), the port alone.
Login login_of_port(const std::string& behavior, Duration took) {
    if (behavior == "open") return Login::accepted;
    if (behavior == "refused") return Login::refused;
    if (behavior == "filtered") return Login::silent;
    return behavior == "unreachable" ? unreachable_after(took) : Login::unknown;
}

Identified identified(BootChange change) {
    switch (change) {
        case BootChange::none:
        case BootChange::pause: return Identified::same_boot;
        case BootChange::reboot:
        case BootChange::reboot_at_least_once:
        case BootChange::crash_reboot:
        case BootChange::kexec: return Identified::new_boot;
        case BootChange::soft_reboot: return Identified::soft_reboot;
        case BootChange::re_imaged:
        case BootChange::other_machine: return Identified::stranger;
        case BootChange::snapshot_revert:
        case BootChange::ambiguous: return Identified::ambiguous;
        default: return Identified::unknown;
    }
}

const Evidence* find(const std::vector<Evidence>& evidence, Layer layer) {
    const auto found = std::ranges::find(evidence, layer, &Evidence::layer);
    return found == evidence.end() ? nullptr : &*found;
}

Login fresh_login(const std::vector<Evidence>& evidence, const Circumstances& around) {
    if (around.ssh_error) return login_of(*around.ssh_error, around.setting);
    const auto works = [&](Layer layer) {
        const Evidence* const e = find(evidence, layer);
        return e != nullptr && e->answer == Answer::works;
    };
    if (works(Layer::exec)) return Login::works;
    const Evidence* const port = find(evidence, Layer::tcp);
    return login_of_port(around.port_behavior, port != nullptr ? port->took : Duration{});
}

}  // namespace

System system_of(const std::vector<Evidence>& evidence) {
    static constexpr std::pair<std::string_view, System> findings[] = {
        {"system-report", System::no_report},   {"root-writable", System::read_only}, {"disk-space", System::disk_full},
        {"disk-inodes", System::inodes_full},   {"disk-write", System::write_stuck},  {"memory", System::memory},
        {"kernel-taint", System::kernel_fault}, {"clock", System::clock_off}};
    bool asked = false, other = false;
    for (const Evidence& e : evidence) {
        if (e.layer != Layer::system && e.layer != Layer::storage) continue;
        asked = asked || e.answer != Answer::unknown;
        other = other || e.answer == Answer::fails;
    }
    // Who was begun and did not come to an end had no process left, or was ended; silence has other causes.
    const auto report = std::ranges::find(evidence, "system-report", &Evidence::check);
    if (report != evidence.end() && report->detail.find("broke off") != std::string::npos) return System::broke_off;
    for (const auto& [check, value] : findings) {
        const bool found = std::ranges::any_of(
            evidence, [&](const Evidence& e) { return e.check == check && e.answer == Answer::fails; });
        if (!found) continue;
        // A write that fails at once is no disk that hangs.
        const bool stuck = value != System::write_stuck || std::ranges::any_of(evidence, [](const Evidence& e) {
                               return e.check == "disk-write" && e.detail.find("fsync") != std::string::npos;
                           });
        if (stuck) return value;
    }
    if (!asked) return System::unknown;
    return other ? System::other : System::well;
}

Symptoms symptoms_of(const std::vector<Evidence>& evidence, const Circumstances& around) {
    Symptoms symptoms(around.setting);
    symptoms.set(fresh_login(evidence, around));
    symptoms.set(around.old_session);
    symptoms.set(system_of(evidence));
    symptoms.set(around.ourselves);
    symptoms.set(identified(around.boot_change));
    symptoms.set(around.pace);
    symptoms.set(around.listener);
    symptoms.set(around.canary);
    symptoms.set(around.company);
    if (const Evidence* const ping = find(evidence, Layer::icmp)) {
        if (ping->answer == Answer::works) symptoms.set(Echo::answers);
        else if (ping->answer == Answer::fails && around.answered_ping_before) symptoms.set(Echo::silent);
    }
    if (const Evidence* const port = find(evidence, Layer::closed_port)) {
        if (port->answer == Answer::works) symptoms.set(ClosedPort::refuses);
        else if (port->answer == Answer::fails && around.refused_before)
            symptoms.set(port->took >= after_arp && port->detail.find("host") != std::string::npos
                             ? ClosedPort::no_neighbour
                             : ClosedPort::silent);
    }
    return symptoms;
}

}  // namespace vmc::model
