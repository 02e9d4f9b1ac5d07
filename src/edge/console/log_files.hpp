// SPDX-License-Identifier: Apache-2.0
// The two files of a console's log, as they are read. Blocks; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <vm_connection/console.hpp>
#include <vm_connection/error.hpp>

#include "edge/os/fd.hpp"

namespace vmc::edge {

inline constexpr const char* log_now = "log";
inline constexpr const char* log_before = "log.1";

/// One of the two, open. Its number is 0 where it is not there or is none of ours.
class LogFile {
public:
    [[nodiscard]] static Result<LogFile> open(int directory, const char* name);
    /// Its first line.
    [[nodiscard]] static std::string header(std::uint64_t number);

    /// `size` bytes from `offset`, or what there is of them.
    [[nodiscard]] std::string read(std::uint64_t offset, std::size_t bytes) const;

    Fd fd;
    std::uint64_t number = 0;
    std::uint64_t size = 0;
};

/// Both at one moment: the older one is the one before the newer, or not there.
class LogFiles {
public:
    [[nodiscard]] static Result<LogFiles> open(int directory);
    [[nodiscard]] ConsoleLines tail(std::size_t count) const;
    [[nodiscard]] ConsoleLines after(ConsoleCursor from) const;

private:
    LogFile now_, before_;
};

}  // namespace vmc::edge
