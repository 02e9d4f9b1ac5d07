// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <vm_connection/error.hpp>
#include <vm_connection/time.hpp>

namespace vmc::edge {

/// A program that was run to its end, or ended by us.
struct ChildEnd {
    std::optional<int> code;  ///< nothing: a signal ended it
    bool late = false;        ///< it did not end in time: its process group was ended (TERM, KILL 2 s later)
    std::string out;          ///< the first MiB of each; what came after it was read and dropped
    std::string err;
};

/// Runs a program without a shell, in a process group of its own, and waits on the calling thread. `argv[0]` is a path,
/// or a name to be found in $PATH. `input` is all of its standard input. `stop` is asked ten times a second: when it is
/// true the child is ended as if it were late. Fails (Code::local) only where it cannot be started.
[[nodiscard]] Result<ChildEnd> run_child(const std::vector<std::string>& argv, std::string_view input, Instant deadline,
                                         const std::function<bool()>& stop = {});

}  // namespace vmc::edge
