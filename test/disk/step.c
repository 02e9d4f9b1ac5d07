// SPDX-License-Identifier: Apache-2.0
// Stands first on PATH under the name of a tool: counts a step, cuts the power when it is that step's turn,
// else becomes the tool. Called `step` it is a step and nothing else; called `init` it is the VM's first process.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "disk/step.h"

static void cut_power(int spares_disk) {
    const uint32_t flag = disk_shutdown_no_flush;
    const int disk = open(getenv("VMC_DISK"), O_RDONLY | O_DIRECTORY);
    if (!spares_disk) ioctl(disk, disk_ioc_shutdown, &flag);
    kill(1, SIGUSR1);  // the first process of this VM ends, and all others with it
    for (;;) pause();
}

static void power_goes(int signal_number) {
    (void)signal_number;
    _exit(disk_power_is_gone);
}

/// In namespaces of its own: /bin/sh with its script, then whatever is left of that.
static int be_init(const char* boot_id) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGUSR1, power_goes);
    if (mount("proc", "/proc", "proc", 0, NULL) != 0) return 1;
    if (mount(boot_id, "/proc/sys/kernel/random/boot_id", NULL, MS_BIND, NULL) != 0) return 2;
    if (fork() == 0) {
        setsid();
        execl("/bin/sh", "sh", "-s", NULL);
        _exit(127);
    }
    while (waitpid(-1, NULL, 0) > 0) {
    }
    return 0;
}

int main(int argc, char** argv) {
    const char* const slash = strrchr(argv[0], '/');
    const char* const name = slash ? slash + 1 : argv[0];
    if (strcmp(name, "init") == 0) return be_init(argv[1]);
    const int file = open(getenv("VMC_STEPS"), O_RDWR | O_CLOEXEC);
    struct disk_steps* const steps = mmap(NULL, sizeof *steps, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (steps == MAP_FAILED) return 126;
    const uint32_t number = __atomic_add_fetch(&steps->taken, 1, __ATOMIC_SEQ_CST);
    if (argc > 1 && strcmp(argv[1], "completed") == 0) steps->completed = 1;
    const int in_middle = steps->cut_in_middle && argc > 1 && strcmp(argv[1], "middle") == 0;
    if (number == steps->cut_before || in_middle) cut_power(steps->spares_disk != 0);
    if (strcmp(name, "step") == 0) return 0;
    char path[64];
    snprintf(path, sizeof path, "/usr/bin/%s", name);
    execv(path, argv);
    return errno == ENOENT ? 127 : 126;
}
