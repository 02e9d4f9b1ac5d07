// SPDX-License-Identifier: Apache-2.0
#include "model/cure.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace vmc::model {

Cure cure_of(std::string_view cause) {
    static constexpr std::pair<std::string_view, Cure> all[] = {
        {"sshd-down", Cure::repair_or_reboot},
        {"sshd-hung", Cure::repair_or_reboot},
        {"port-rejected", Cure::repair_or_reboot},
        {"port-filtered", Cure::repair_or_reboot},
        {"fork-failure", Cure::repair_or_reboot},
        {"userspace-stuck", Cure::reboot},
        {"memory-exhausted", Cure::reboot},
        {"read-only-root", Cure::reboot},
        {"disk-hung", Cure::reboot},
        {"kernel-fault", Cure::reboot},
        {"vm-off", Cure::power},
        {"kernel-dead", Cure::power},
        {"booting", Cure::time},
        {"shutting-down", Cure::time},
        {"throttled", Cure::time},
        {"boot-loop", Cure::person},
        {"auth-denied", Cure::person},
        {"restricted-shell", Cure::person},
        {"disk-full", Cure::person},
        {"inodes-full", Cure::person},
        {"clock-stepped", Cure::person},
        {"bastion-down", Cure::person},
        {"dns", Cure::person},
        {"route", Cure::person},
        {"mtu", Cure::person},
        {"slow", Cure::person},
        {"lossy", Cure::person},
        {"flapping", Cure::time},
    };
    const auto* const found = std::ranges::find(all, cause, &std::pair<std::string_view, Cure>::first);
    return found == std::end(all) ? Cure::unknown : found->second;
}

}  // namespace vmc::model
