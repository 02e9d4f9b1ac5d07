// SPDX-License-Identifier: Apache-2.0
#include <vm_connection/diagnosis.hpp>

#include <algorithm>
#include <utility>

namespace vmc {

std::string_view words_of_cause(std::string_view cause) noexcept {
    using Words = std::pair<std::string_view, std::string_view>;
    static constexpr Words words[] = {
        {"none", "nothing is wrong"},
        {"dns", "the name does not resolve"},
        {"route", "there is no way to its network, or something rejects us on it"},
        {"path-dead", "nothing gets through on the way there"},
        {"vm-off", "the VM is off"},
        {"vm-paused", "the VM is paused"},
        {"kernel-dead", "its kernel is dead (panic or hard hang)"},
        {"port-filtered", "a filter swallows what we send to the SSH port"},
        {"port-rejected", "a firewall rejects new connections to the SSH port"},
        {"sshd-down", "sshd does not run"},
        {"sshd-hung", "sshd accepts and says nothing"},
        {"throttled", "sshd turns newcomers away (MaxStartups or a penalty)"},
        {"auth-denied", "it denies us the login"},
        {"host-key-changed", "another host key than the one we know"},
        {"other-machine", "another machine answers at this address"},
        {"ambiguous-identity", "machines that cannot be told apart answer at this address"},
        {"restricted-shell", "a forced command or nologin stands in place of a shell"},
        {"userspace-stuck", "the kernel lives, its programs make no progress"},
        {"fork-failure", "it cannot start a process any more"},
        {"memory-exhausted", "it is out of memory"},
        {"disk-full", "a disk is full"},
        {"inodes-full", "a file system has no inodes left"},
        {"read-only-root", "its root file system is read-only"},
        {"disk-hung", "what is written to its disk does not get there"},
        {"mtu", "large packets vanish on the way (MTU)"},
        {"lossy", "many packets are lost on the way"},
        {"slow", "it or the way there is very slow"},
        {"nat-expired", "a box on the way has forgotten the old connection"},
        {"session-killed", "the process that served our session was ended"},
        {"booting", "it is booting"},
        {"shutting-down", "it is shutting down"},
        {"bastion-down", "the way through the proxy or bastion is down"},
        {"observer-offline", "we ourselves are cut off"},
        {"observer-overloaded", "we ourselves are too slow to tell"},
        {"flapping", "the way there comes and goes"},
        {"boot-loop", "it reboots again and again"},
        {"dump-in-progress", "it writes a crash dump"},
        {"output-cap", "the output passed its limit"},
        {"clock-stepped", "its clock is off"},
        {"kernel-fault", "its kernel has met a fault and runs on"},
    };
    const auto* const found = std::ranges::find(words, cause, &Words::first);
    return found == std::end(words) ? cause : found->second;
}

}  // namespace vmc
