// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <array>

#include "edge/os/fd.hpp"

namespace vmc::edge {

/// Both ends close on exec.
struct Pipe {
    Fd reads, writes;
    /// False: errno tells why not.
    [[nodiscard]] bool open() {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
        reads = Fd(ends[0]);
        writes = Fd(ends[1]);
        return true;
    }
};

}  // namespace vmc::edge
