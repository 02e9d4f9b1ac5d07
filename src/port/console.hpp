// SPDX-License-Identifier: Apache-2.0
// A VM's console, and where what it prints is kept.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <vm_connection/console.hpp>
#include <vm_connection/error.hpp>

#include "port/async.hpp"

namespace vmc::port {

/// One VM's console, to be read from. One reader; destroying it lets go of it at once.
class Console {
public:
    virtual ~Console() = default;

    /// Opens it, or opens it again after it ended. `after`: what place() was when the bytes before it had been kept;
    /// a console that remembers goes on there. Code::bad_request: it is no such thing, and waiting does not help.
    virtual Async<Result<void>> open(std::string after, Instant deadline) = 0;
    /// The next bytes as they came, at most 64 KiB. Fails (Code::lost) when it has ended, with why. Cancelled, it has
    /// lost nothing: what it would have given comes with the next call.
    virtual Async<Result<std::string>> next() = 0;
    /// True: all that there is now has been given, and next() would wait for more that may be long in coming.
    [[nodiscard]] virtual bool is_at_end() const = 0;
    /// After it could not be opened or has ended: returns when something changed where it is looked for, at the latest
    /// at `until`.
    virtual Async<void> wait_for_change(Instant until) = 0;
    /// Behind the last byte that next() gave, as one word; empty where what was not read is lost.
    [[nodiscard]] virtual std::string place() const = 0;
    /// For people: "/run/vm/web-1.serial".
    [[nodiscard]] virtual std::string told() const = 0;
};

/// Opens the consoles that are described.
class Consoles {
public:
    virtual ~Consoles() = default;
    [[nodiscard]] virtual std::unique_ptr<Console> make(const ConsoleSource& described) = 0;
};

/// What was captured of one VM: bounded, the oldest goes first, shared by all our processes. Whoever holds its lock
/// writes; anybody reads. Small writes; blocks for as long as the disk does.
class ConsoleLog {
public:
    virtual ~ConsoleLog() = default;

    /// True: we alone write from now on, until unlock() or the end of our process. False: somebody else does.
    virtual Result<bool> lock() = 0;
    virtual void unlock() = 0;
    /// All of them or none, each with its line feed; not synced. Only while locked.
    virtual Result<void> append(const std::vector<ConsoleLine>& lines) = 0;
    /// Where the console was read up to when these lines had been written; empty: not known.
    [[nodiscard]] virtual Result<std::string> place() = 0;
    virtual Result<void> keep_place(const std::string& place) = 0;

    /// The last `count` lines.
    virtual Async<Result<ConsoleLines>> tail(std::size_t count) = 0;
    /// Behind `from`: nothing where there is nothing yet.
    virtual Async<Result<ConsoleLines>> after(ConsoleCursor from) = 0;
    /// Returns when something was written since this was last called, or a lock given back, or at `until`. It may
    /// return for less: look again.
    virtual Async<void> wait_for_change(Instant until) = 0;
};

class ConsoleLogs {
public:
    virtual ~ConsoleLogs() = default;
    /// `name`: a record's, see port/store.hpp.
    [[nodiscard]] virtual Result<std::unique_ptr<ConsoleLog>> open(const std::string& name) = 0;
};

}  // namespace vmc::port
