// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "edge/os/off_loop.hpp"
#include "port/console.hpp"

namespace vmc::edge {

/// Logs below the state directory: a folder for each VM, with `log`, `log.1` (what was there before it was full),
/// `lock` and `place`. 0600 and 0700, as everything there. Each file begins with a line that numbers it, so that a
/// cursor knows which one it was in. On the loop's thread.
class FileConsoleLogs final : public port::ConsoleLogs {
public:
    static constexpr std::uint64_t full = 4 * 1024 * 1024;

    /// `helpers` outlive the logs.
    FileConsoleLogs(OffLoop& helpers, std::string directory, std::uint64_t at_most = full)
        : helpers_(helpers), directory_(std::move(directory)), at_most_(at_most) {}
    [[nodiscard]] Result<std::unique_ptr<port::ConsoleLog>> open(const std::string& name) override;

private:
    OffLoop& helpers_;
    std::string directory_;
    std::uint64_t at_most_;
};

}  // namespace vmc::edge
