// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "edge/os/off_loop.hpp"
#include "port/console.hpp"

namespace vmc::edge {

/// QEMU's serial sockets, files that grow, and programs of one's own. On the loop's thread.
class RealConsoles final : public port::Consoles {
public:
    /// `helpers` outlive the consoles.
    explicit RealConsoles(OffLoop& helpers) : helpers_(helpers) {}
    [[nodiscard]] std::unique_ptr<port::Console> make(const ConsoleSource& described) override;

private:
    OffLoop& helpers_;
};

std::unique_ptr<port::Console> make_socket_console(OffLoop& helpers, const ConsoleSource& described);
std::unique_ptr<port::Console> make_file_console(OffLoop& helpers, const ConsoleSource& described);
std::unique_ptr<port::Console> make_command_console(OffLoop& helpers, const ConsoleSource& described);

}  // namespace vmc::edge
