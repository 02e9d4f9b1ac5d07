// SPDX-License-Identifier: Apache-2.0
#include "sim/fault.hpp"

#include <algorithm>
#include <cstdio>

namespace vmc::sim {

namespace {

std::string_view words(Fault::Event event) {
    switch (event) {
        case Fault::Event::reset: return "connections are reset";
        case Fault::Event::reboot: return "reboot";
        case Fault::Event::power_off: return "power off";
        case Fault::Event::kill_sessions: return "session servers killed";
        case Fault::Event::new_host_key: return "new host key";
        case Fault::Event::re_image: return "re-imaged";
        case Fault::Event::cut_after_bytes: return "cut after some bytes";
        case Fault::Event::kexec: return "kexec";
        case Fault::Event::soft_reboot: return "soft reboot";
        case Fault::Event::panic: return "kernel panic";
        case Fault::Event::snapshot_revert: return "reverted to a snapshot";
        case Fault::Event::forget_flows: return "a NAT forgets its flows";
        case Fault::Event::forget_flows_and_reset: return "a NAT forgets its flows and resets them";
        case Fault::Event::clone: return "another machine with the same host key";
    }
    return "";
}

std::string seconds_text(Duration span) {
    char text[32];
    std::snprintf(text, sizeof text, "%.3fs", std::chrono::duration<double>(span).count());
    return text;
}

}  // namespace

void Fault::happen(Event event, SimHost& host, Duration lasts, std::uint64_t bytes) {
    switch (event) {
        case Event::reset: return host.reset_connections();
        case Event::reboot: return host.reboot(lasts);
        case Event::kill_sessions: return host.kill_sessions();
        case Event::new_host_key: return host.new_host_key();
        case Event::re_image: return host.new_identity();
        case Event::cut_after_bytes: return host.cut_after(bytes, lasts);
        case Event::kexec: return host.kexec();
        case Event::soft_reboot: return host.soft_reboot();
        case Event::panic: return host.panic();
        case Event::snapshot_revert: return host.revert_to_snapshot(lasts);
        case Event::forget_flows:
        case Event::forget_flows_and_reset: return host.forget_flows(event == Event::forget_flows_and_reset);
        case Event::clone: return host.become_clone();
        case Event::power_off:
            host.power_off();
            if (lasts > Duration{}) host.agenda().after(lasts, [&host] { host.power_on(); });
            return;
    }
}

void Fault::plan(SimHost& host) const {
    host.agenda().after(at_, [&host, fault = *this] {
        for (const Trouble trouble : fault.troubles_) host.begin(trouble);
        for (const Event event : fault.events_) happen(event, host, fault.lasts_, fault.bytes_);
    });
    if (troubles_.empty()) return;
    host.agenda().after(at_ + lasts_, [&host, fault = *this] {
        for (const Trouble trouble : fault.troubles_) host.end(trouble);
    });
}

std::string Fault::line() const {
    std::string text = "at " + seconds_text(at_);
    if (lasts_ > Duration{}) text += " for " + seconds_text(lasts_);
    const char* separator = ": ";
    for (const Trouble trouble : troubles_) text.append(std::exchange(separator, ", ")).append(sim::words(trouble));
    for (const Event event : events_) text.append(std::exchange(separator, ", ")).append(words(event));
    if (bytes_) text += " (" + std::to_string(bytes_) + ")";
    return text;
}

std::vector<Fault> random_faults(port::Random& random, std::size_t count, Duration horizon) {
    std::vector<Fault> faults;
    const auto span = static_cast<std::uint64_t>(horizon.count());
    while (faults.size() < count) {
        const Duration at(pick(random, span));
        // Short ones are as likely as long ones: the length is drawn on a logarithmic scale, from 1 ms.
        const Duration lasts(std::max<std::uint64_t>(1'000'000, span / 3 >> pick(random, 16)));
        const std::uint64_t bytes = pick(random, 8000);
        switch (pick(random, 15)) {
            case 0:
            case 1: faults.push_back(Fault::drop_both(at, lasts)); break;
            case 2: faults.push_back(Fault::drop_in(at, lasts)); break;
            case 3: faults.push_back(Fault::drop_out(at, lasts)); break;
            case 4: faults.push_back(Fault::drop_new(at, lasts)); break;
            case 5: faults.push_back(Fault::reject_new(at, lasts)); break;
            case 6: faults.push_back(Fault::sshd_stop(at, lasts)); break;
            case 7: faults.push_back(Fault::sshd_freeze(at, lasts)); break;
            case 8: faults.push_back(Fault::throttle(at, lasts)); break;
            case 9: faults.push_back(Fault::pause(at, lasts)); break;
            case 10: faults.push_back(Fault::freeze(at, lasts)); break;
            case 11: faults.push_back(Fault::rst(at)); break;
            case 12: faults.push_back(Fault::reboot(at, lasts)); break;
            case 13: faults.push_back(Fault::kill_sessions(at)); break;
            default: faults.push_back(Fault::cut_after_bytes(at, bytes, lasts)); break;
        }
    }
    return faults;
}

std::string story(const std::vector<Fault>& faults) {
    std::string text;
    for (const auto& fault : faults) text += fault.line() + "\n";
    return text;
}

void plan(const std::vector<Fault>& faults, SimHost& host) {
    for (const auto& fault : faults) fault.plan(host);
}

}  // namespace vmc::sim
