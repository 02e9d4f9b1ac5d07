// SPDX-License-Identifier: Apache-2.0
// Where a VM's console can be read, and what was captured of it.
//
//     vmc::Vm vm(vmc::Target("web-1").console(vmc::ConsoleSource::socket("/run/vm/web-1.serial")));
//     auto capture = vm.capture_console();            // goes on until it is cancelled
//     auto last = vm.console_tail(100).get();         // what was captured, also by other processes
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <vm_connection/export.hpp>
#include <vm_connection/time.hpp>

namespace vmc VMC_API {

/// A VM's console, described. A value: nothing is opened before it is captured or asked for. Any thread.
class ConsoleSource {
public:
    enum class Kind { socket, file, command };
    /// QEMU's serial port as a socket (-serial unix:PATH,server=on,wait=off). It serves one client at a time, and what
    /// is printed while nobody listens is lost.
    [[nodiscard]] static ConsoleSource socket(std::string path) {
        ConsoleSource made(Kind::socket);
        made.path_ = std::move(path);
        return made;
    }
    /// A file that grows (virt-install's log, -serial file:PATH). It may be truncated or replaced.
    [[nodiscard]] static ConsoleSource file(std::string path) {
        ConsoleSource made(Kind::file);
        made.path_ = std::move(path);
        return made;
    }
    /// A program of one's own as its words, without a shell, that prints the console for as long as it runs. It is
    /// started again when it ends, and is killed (SIGKILL, its process group) when nobody listens any more.
    [[nodiscard]] static ConsoleSource command(std::vector<std::string> argv) {
        ConsoleSource made(Kind::command);
        made.argv_ = std::move(argv);
        return made;
    }

    [[nodiscard]] Kind kind() const noexcept { return kind_; }
    [[nodiscard]] const std::string& path() const noexcept { return path_; }  ///< of a socket or a file
    [[nodiscard]] const std::vector<std::string>& argv() const noexcept { return argv_; }  ///< of a command

private:
    explicit ConsoleSource(Kind kind) : kind_(kind) {}
    Kind kind_;
    std::string path_;
    std::vector<std::string> argv_;
};

/// One line as it was captured.
struct ConsoleLine {
    WallTime at;  ///< when its first byte reached us, by our clock
    std::string text;  ///< without its end; UTF-8, fit for a terminal: control characters stand as "\x1b"
    bool note = false;  ///< not the console's words but ours, on the capture itself: "the console was closed"
};

/// A place in what was captured of one VM, behind a line. Meaningful in every process with the same state directory;
/// made by Vm::console_tail() and Vm::console_after() only.
class ConsoleCursor {
public:
    ConsoleCursor() = default;
    ConsoleCursor(std::uint64_t generation, std::uint64_t offset) : generation_(generation), offset_(offset) {}
    [[nodiscard]] std::uint64_t generation() const noexcept { return generation_; }  ///< which file it is in; 0: none
    [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }  ///< in bytes

private:
    std::uint64_t generation_ = 0;
    std::uint64_t offset_ = 0;
};

/// Some lines, oldest first, and where what follows them begins.
struct ConsoleLines {
    std::vector<ConsoleLine> lines;
    ConsoleCursor next;
    std::string trouble;  ///< why the console could not be listened to just now; else empty
    bool missed = false;  ///< between the cursor that was given and the first line some are gone: the log is bounded
};

}  // namespace vmc VMC_API
