// SPDX-License-Identifier: Apache-2.0
// What the rig and the tools on PATH share.
#pragma once

#include <stdint.h>

struct disk_steps {
    uint32_t taken;
    uint32_t cut_before; ///< the power goes before this step does anything; 0: never
    uint32_t completed;  ///< set by the step called `completed`
    uint32_t spares_disk; ///< the processes end at that step, and the disk goes on
    uint32_t cut_in_middle; ///< the power goes at the step called `middle`
};

enum {
    disk_power_is_gone = 99,        // how the first process ends when it went
    disk_shutdown_no_flush = 2,     // EXT4_GOING_FLAGS_NOLOGFLUSH: what is not on the disk by now never gets there
    disk_ioc_shutdown = 0x8004587d, // EXT4_IOC_SHUTDOWN: _IOR(0x58, 125, __u32)
};
