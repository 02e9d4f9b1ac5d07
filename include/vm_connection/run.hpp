// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include <vm_connection/export.hpp>
#include <vm_connection/outcome.hpp>
#include <vm_connection/task.hpp>

namespace vmc VMC_API {

/// A command under way. Copies share it; dropping them all lets it run on to its end.
class Run {
public:
    /// The outcome; comes exactly once, whatever happens. Cancelling it is cancel().
    [[nodiscard]] Task<Outcome> outcome() const;
    /// Ends the command on the VM (TERM, then KILL to its process group), then reports what it came to.
    void cancel();
    /// "INT", "HUP", …: for the command's process group, RFC 4254 §6.9. Never confirmed.
    void send_signal(std::string name);
    void resize(int columns, int rows);
    /// More of its standard input; only for a command started with open_input().
    void write(std::string bytes);
    void close_input();
    /// Bytes written and not yet taken by the VM: wait for less before writing more.
    [[nodiscard]] std::size_t input_waiting() const;
    void resume_output();

    class VMC_HIDDEN Impl;
    explicit Run(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

private:
    std::shared_ptr<Impl> impl_;
};

}  // namespace vmc VMC_API
