// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <vm_connection/error.hpp>

namespace vmc::port {

/// Small named records that survive a crash and are shared by all our processes of one user.
/// A name is a relative path of plain words ("breaker/1f3a…", "boots/web-1"); no dots, no climbing.
class Store {
public:
    virtual ~Store() = default;

    /// Absent is no error.
    virtual Result<std::optional<std::string>> read(std::string_view name) = 0;

    /// Whole or not at all: temporary file, fsync, rename, fsync of the directory.
    virtual Result<void> write(std::string_view name, std::string_view content) = 0;

    virtual Result<void> remove(std::string_view name) = 0;

    /// Reads, lets `change` compute the new content and writes it, alone among our processes
    /// (a lock file beside the record; waits at most 2 s, then fails with Code::local). Whole or not at
    /// all, and it outlives the process. `passing`: a power cut may take it back, since what is counted is worth
    /// no disk flush on a loop that holds a thousand links; `durable`: it does not.
    enum class Lasting { passing, durable };
    virtual Result<std::string> update(std::string_view name,
                                       const std::function<std::string(std::optional<std::string>)>& change,
                                       Lasting lasting = Lasting::passing) = 0;

    /// One line more, with its newline, at the end; never between the parts of another one, and after a crash the
    /// next begins a line of its own. On the disk when this returns.
    virtual Result<void> append(std::string_view name, std::string_view line) = 0;
};

}  // namespace vmc::port
