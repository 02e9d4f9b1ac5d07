// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "app/cli/outlet.hpp"
#include "model/escape.hpp"

namespace vmc::cli {

/// The one bell of this program.
[[nodiscard]] const Bell& bell();

/// Our stdout and stderr. When both lead to the same place (a terminal, `2>&1`) one Outlet
/// writes both, so that what arrived first is seen first.
class Streams {
public:
    /// Opens /dev/null for descriptors 0 to 2 that we were started without, so that no socket
    /// takes their place. Before anything else is opened.
    static void repair();

    /// On a terminal, control sequences of the VM are shown, not obeyed.
    void escape_for_terminals();

    [[nodiscard]] Outlet& out() { return out_; }
    [[nodiscard]] Outlet& err() { return same_ ? out_ : err_; }
    [[nodiscard]] bool same() const { return same_; }
    /// Waits until both are written, or until `deadline`: true when all was. Once a signal asks us to
    /// end, or abandon() was called, only as long as they are read.
    bool settle(Instant deadline);
    /// Our readers had their time.
    void abandon() { abandoned_ = true; }

private:
    friend Streams& streams();
    Streams();
    bool same_;
    bool abandoned_ = false;
    Outlet out_;
    Outlet err_;
    model::TerminalEscaper out_escaper_;  // used by the writing threads
    model::TerminalEscaper err_escaper_;
};
[[nodiscard]] Streams& streams();

/// For stdout: the result of a verb.
void print(std::string_view text);

}  // namespace vmc::cli
