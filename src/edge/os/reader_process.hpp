// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include <vm_connection/error.hpp>

#include "edge/os/fd.hpp"

namespace vmc::edge {

/// A program that only prints, in a process group of its own: nothing to read on its stdin, two pipes for what it says.
/// It does not outlive the thread that started it: the kernel kills it then (PR_SET_PDEATHSIG), whatever ended us.
class ReaderProcess {
public:
    /// argv[0]: a path, or a name to be found in $PATH. On a thread that lives as long as the program is wanted.
    /// Fails (Code::local) where it cannot be started.
    [[nodiscard]] static Result<ReaderProcess> start(const std::vector<std::string>& argv);

    pid_t pid = -1;  ///< and its group; to be reaped by the caller
    Fd out, err;  ///< non-blocking
    Fd process;  ///< a pidfd
};

}  // namespace vmc::edge
