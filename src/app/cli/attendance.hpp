// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include <vm_connection/vm.hpp>

#include "app/cli/failure.hpp"
#include "app/cli/streams.hpp"

namespace vmc::cli {

/// Looks after one command from our side of the wire, on the main thread: takes its output away,
/// feeds it our stdin, hands on signals and the size of our window, and waits for its end.
/// A reader of ours that does not read holds up the VM, but neither a timeout nor Ctrl-C.
class Attendance {
public:
    enum class Form { bytes, json };
    Attendance(Vm& vm, Form form, bool forward_input);
    ~Attendance();

    /// To be called once. SIGINT, SIGTERM and a reader that has gone cancel the command; the
    /// exit code for them is settle_output()'s to tell.
    Outcome run(Command command);

private:
    bool take(Stream stream, std::string_view bytes);
    void look_after();
    void feed();

    Vm& vm_;
    const Form form_;
    bool input_open_;
    bool cancelled_ = false;
    std::optional<Run> run_;
};

/// Waits until what was printed has been taken by our readers: for as long as it takes after an
/// ordinary end (until `deadline`), briefly after any other. A failure when they did not take
/// it, when they have gone, or when a signal ended us.
[[nodiscard]] std::optional<Failure> settle_output(const Outcome& outcome, Instant deadline);

}  // namespace vmc::cli
