// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include <vm_connection/command.hpp>

namespace vmc::cli {

/// The terminal we were started from, and its promise: whatever we change, restore() puts back.
/// restore() is called on every way out of the process, signal handlers among them.
class Terminal {
public:
    /// Every byte typed goes to the VM, also Ctrl-C. False when stdin is no terminal.
    static bool make_raw();
    [[nodiscard]] static bool is_raw() noexcept;
    /// Safe in signal handlers; does nothing when there is nothing to put back.
    static void restore() noexcept;

    /// $TERM and the size of the terminal, where there is one.
    [[nodiscard]] static Pty describe();
    /// Asks a person on /dev/tty, without echo. Nothing when there is no terminal.
    [[nodiscard]] static std::optional<std::string> ask_secretly(const std::string& question);
    /// Columns of the terminal behind this descriptor; 0 where there is none.
    [[nodiscard]] static std::size_t width(int fd);
    /// Colours are wanted on this descriptor (https://no-color.org).
    [[nodiscard]] static bool wants_colour(int fd);
};

}  // namespace vmc::cli
