// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include <vm_connection/vm.hpp>

#include "app/cli/contact.hpp"
#include "app/cli/failure.hpp"
#include "app/cli/lookout.hpp"
#include "app/cli/outcome_text.hpp"
#include "app/cli/streams.hpp"

namespace vmc::cli {

/// Looks after one command from our side of the wire, on the main thread: takes its output away,
/// feeds it our stdin, hands on signals and the size of our window, and waits for its end.
/// A reader of ours that does not read holds up the VM, but neither a timeout nor Ctrl-C.
class Attendance {
public:
    enum class Form { bytes, json };
    Attendance(Contact& contact, Form form, bool forward_input);
    ~Attendance();

    /// To be called once. SIGINT, SIGTERM and a reader that has gone cancel the command; the
    /// exit code for them is settle_output()'s to tell. Returns 5 s after `deadline`, or after
    /// such a signal, even when nothing is heard of the VM any more.
    Outcome run(Command command, Instant deadline);

private:
    bool take(Stream stream, std::string_view bytes);
    [[nodiscard]] Outcome leave(Task<Outcome> outcome);
    void look_after();
    void feed();

    Contact& contact_;
    Vm& vm_;
    Lookout lookout_;
    const Form form_;
    bool input_open_;
    bool cancelled_ = false;
    Instant leave_at_ = never;
    std::atomic<std::uint64_t> out_bytes_{0};  // for leave(); the outcome has its own count
    std::atomic<std::uint64_t> err_bytes_{0};
    OutputEvents out_events_{Stream::out};
    OutputEvents err_events_{Stream::err};
    std::optional<Run> run_;
};

/// Waits until what was printed has been taken by our readers: for as long as it takes after an
/// ordinary end (until `deadline`), briefly after any other. A failure when they did not take
/// it, when they have gone, or when a signal ended us.
[[nodiscard]] std::optional<Failure> settle_output(const Outcome& outcome, Instant deadline);

}  // namespace vmc::cli
