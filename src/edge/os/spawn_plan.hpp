// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <signal.h>
#include <spawn.h>

namespace vmc::edge {

/// How a program of somebody else is started: these three descriptors and no other of ours, signals at their
/// defaults, and a process group of its own, so that all of it can be ended.
class SpawnPlan {
public:
    SpawnPlan(int in, int out, int err) {
        ::posix_spawn_file_actions_init(&files);
        ::posix_spawn_file_actions_adddup2(&files, in, 0);
        ::posix_spawn_file_actions_adddup2(&files, out, 1);
        ::posix_spawn_file_actions_adddup2(&files, err, 2);
        ::posix_spawn_file_actions_addclosefrom_np(&files, 3);
        sigset_t none;
        sigset_t all;
        sigemptyset(&none);
        sigfillset(&all);
        ::posix_spawnattr_init(&how);
        ::posix_spawnattr_setsigmask(&how, &none);
        ::posix_spawnattr_setsigdefault(&how, &all);
        ::posix_spawnattr_setpgroup(&how, 0);
        ::posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    }
    ~SpawnPlan() {
        ::posix_spawn_file_actions_destroy(&files);
        ::posix_spawnattr_destroy(&how);
    }
    SpawnPlan(const SpawnPlan&) = delete;
    posix_spawn_file_actions_t files{};
    posix_spawnattr_t how{};
};

}  // namespace vmc::edge
