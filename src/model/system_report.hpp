// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <vm_connection/error.hpp>
#include <vm_connection/health.hpp>

#include "model/script.hpp"

namespace vmc::model {

/// The thorough probe: one script, one round trip, at most 64 KiB of answer and about 20 s (5 s for each part
/// that can hang, where `timeout` exists), without root, on busybox as well. It writes and removes
/// one 4 KiB file `.vm-connection-probe-<nonce>` in the state directory, or in the home directory
/// (root: /var/lib) when there is no state directory yet; it creates no directory.
[[nodiscard]] std::string system_script(std::string_view nonce);

/// When the script was sent and when its answer had come, by our wall clock: the VM's clock is
/// judged against both.
struct AskedBetween {
    WallTime sent;
    WallTime answered;
};

/// One Evidence for each check, always all of them, in this order; what the VM did not tell or
/// told in another form is unknown. Fails when:
///   uptime            never (its detail is for people)
///   disk-space        less than 1 % or 50 MB are left on / or for the state directory
///   disk-inodes       less than 1 % are left there (a file system without inodes: unknown)
///   root-writable     / is mounted read-only on a file system made for writing (ext, xfs, btrfs, f2fs)
///   memory            less than 3 % are available, and of swap less than 10 %
///   pressure-memory   all tasks stalled for 20 % of the last 10 s (PSI, full avg10)
///   pressure-io       likewise 60 %
///   load              more than 8 for each processor (average of one minute)
///   processes         10 or more in uninterruptible sleep, or 100 or more zombies
///   kernel-taint      machine check or oops (bits 4 and 7 of /proc/sys/kernel/tainted)
///   kernel-log        an oops, hang, OOM kill or I/O error in the last hour; needs root where dmesg_restrict is 1
///   failed-units      systemd has one, as its own word `degraded`
///   clock             more than 60 s away from ours
///   reboot-pending    never: works, and the detail says whether one is pending
///   disk-write        (Layer::storage) 4 KiB and fsync fail, or take 5 s or more
/// Errors of answer_of() are passed on.
[[nodiscard]] Result<std::vector<Evidence>> parse_system(std::string_view printed, std::string_view nonce,
                                                         AskedBetween times);

}  // namespace vmc::model
