// SPDX-License-Identifier: Apache-2.0
// Files that nobody else can have slipped us, and that a power cut leaves whole. Blocks.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <vm_connection/error.hpp>

#include "edge/os/fd.hpp"

namespace vmc::edge {

/// A directory, opened step by step without following symlinks below `root`. With `make`, missing ones
/// are made (0700). Absent without `make` is an empty Fd, no error.
[[nodiscard]] Result<Fd> open_directory(const std::string& root, std::string_view below, bool make);

/// Opens a regular file of ours, with the flags of open(2); what O_CREAT makes is 0600. Absent is an empty Fd, no
/// error.
[[nodiscard]] Result<Fd> open_file(int directory, const std::string& name, int flags);

/// Absent is no error. Refuses what is not a regular file of ours.
[[nodiscard]] Result<std::optional<std::string>> read_file(int directory, const std::string& name);

/// Whole or not at all, and when `durable` there after a power cut when this has returned.
[[nodiscard]] Result<void> replace_file(int directory, const std::string& name, std::string_view content,
                                        bool durable = true);

/// One line more at its end, on the disk when this has returned; made when missing. A line that was cut short before
/// is ended first. The caller holds the lock.
[[nodiscard]] Result<void> append_line(int directory, const std::string& name, std::string_view line);

/// An flock on `name` in `directory`, made when missing; released with the Fd. Waits at most 2 s.
[[nodiscard]] Result<Fd> lock_file(int directory, const std::string& name);

}  // namespace vmc::edge
