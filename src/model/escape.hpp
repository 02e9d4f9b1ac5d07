// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace vmc::model {

/// Remote bytes are data; on a terminal they must not be commands (CWE-150). Keeps printable
/// UTF-8, tab, newline and a carriage return before a newline. Shows everything else: other C0
/// controls with ESC, DEL, C1 controls (also as U+0080 to U+009F) and bytes that are no UTF-8 as
/// `\x1b`; characters that reorder text (U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069) as
/// `\u202e`. A backslash stays one: the output is for eyes, not for reading back.
/// Fed in pieces, cut anywhere; at most 3 bytes are held back until it is clear what they are.
class TerminalEscaper {
public:
    [[nodiscard]] std::string feed(std::string_view bytes);
    /// At the end of the stream: what was held back.
    [[nodiscard]] std::string finish();

private:
    std::string held_;
};

/// A whole text at once.
[[nodiscard]] std::string escape_for_terminal(std::string_view text);

}  // namespace vmc::model
