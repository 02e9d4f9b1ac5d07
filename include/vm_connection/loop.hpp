// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include <vm_connection/export.hpp>

namespace vmc VMC_API {

/// Where the library keeps what must survive a process: accepted host keys, the authentication
/// breaker, recorded boots. `$XDG_STATE_HOME/vm-connection`, else `~/.local/state/vm-connection`.
[[nodiscard]] std::string default_state_directory();

/// One thread that carries any number of links. Most programs never name one: the classes that
/// need a loop use default_loop(). Safe to use from any thread.
class Loop {
public:
    /// Starts the thread. `state_directory` is created when first written to (0700).
    explicit Loop(std::string state_directory = default_state_directory());
    /// Ends what is still going on, then joins the thread. Every Vm on it must be gone by then; a Job, a Run or a
    /// Follow may stay, and then its calls fail.
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    class VMC_HIDDEN Impl;
    [[nodiscard]] Impl& impl() const { return *impl_; }

private:
    std::shared_ptr<Impl> impl_;
};

/// Started at first use; lives until the process ends.
[[nodiscard]] Loop& default_loop();

}  // namespace vmc VMC_API
