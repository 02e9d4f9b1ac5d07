// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/cli/bell.hpp"

namespace vmc::cli {

/// SIGINT, SIGTERM, SIGHUP and SIGWINCH, turned into something the main thread looks at. Those
/// that were ignored when we started (nohup, a shell's `&`) stay ignored.
/// The first one asks us to end in order; the second ends the process at once.
class Signals {
public:
    /// To be called once, before other threads exist. `bell` lives as long as the process.
    static void attend(const Bell& bell);
    /// The signal that asks us to end; 0 while there is none.
    [[nodiscard]] static int wish() noexcept;
    /// The terminal's size has changed since the last call.
    [[nodiscard]] static bool window_changed() noexcept;
};

}  // namespace vmc::cli
