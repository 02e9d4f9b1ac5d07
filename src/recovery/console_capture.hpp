// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <vm_connection/console.hpp>
#include <vm_connection/error.hpp>

#include "model/backoff.hpp"
#include "model/console_lines.hpp"
#include "port/clock.hpp"
#include "port/console.hpp"
#include "port/random.hpp"

namespace vmc::recovery {

/// Writes down what a VM prints on its console, line by line and with the time. All that is named outlives it, and is
/// used on the loop's thread only. Whatever unwinds it, what it held is written and its lock given back.
class ConsoleCapture {
public:
    ConsoleCapture(port::Clock& clock, port::Random& random, port::Console& console, port::ConsoleLog& log)
        : clock_(clock), random_(random), console_(console), log_(log) {}
    ~ConsoleCapture();
    ConsoleCapture(const ConsoleCapture&) = delete;
    ConsoleCapture& operator=(const ConsoleCapture&) = delete;

    /// Until it is cancelled, or nothing can be captured any more: then why. While another process captures it stands
    /// by.
    Async<Error> keep();
    /// Once, for so long or until the console ends or has no more. At once where another process captures. Fails where
    /// it cannot be opened or written down.
    Async<Result<void>> listen(Duration span);

private:
    /// Why it ended; Code::cancelled: `until` came, or, `once`, there is no more now.
    Async<Error> read_on(Instant until, bool once);
    Async<Result<void>> open();
    Result<void> take(const std::string& bytes);
    Result<void> flush();
    Result<void> write(const std::vector<ConsoleLine>& lines);
    Result<void> note(const std::string& text);
    Result<void> note_ending(const Error& why);

    port::Clock& clock_;
    port::Random& random_;
    port::Console& console_;
    port::ConsoleLog& log_;
    model::ConsoleSplitter splitter_;
    model::Backoff backoff_;
    std::string silent_because_;  // what was last noted as its ending, until it says something again
    Instant last_byte_{};
    bool opened_before_ = false;
    bool log_failed_ = false;
    bool locked_ = false;
};

}  // namespace vmc::recovery
