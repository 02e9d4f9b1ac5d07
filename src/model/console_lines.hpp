// SPDX-License-Identifier: Apache-2.0
// A console's bytes as lines, and lines as they lie in the log.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <vm_connection/console.hpp>
#include <vm_connection/target.hpp>

namespace vmc::model {

/// Bytes in pieces become lines that are fit for a terminal. A line ends with a line feed, a carriage return (a
/// progress bar is told step by step, firmware writes "\n\r") or both; an empty one counts only as "\n". A line of more
/// than 4 KiB comes in several, none of which begins inside a character. Costs flat memory.
class ConsoleSplitter {
public:
    static constexpr std::size_t longest = 4096;

    /// The lines that these bytes end. `at`: when they came.
    [[nodiscard]] std::vector<ConsoleLine> feed(std::string_view bytes, WallTime at);
    /// The console is quiet, or has ended: what it printed without an end (a prompt) is a line; what follows is
    /// another.
    [[nodiscard]] std::optional<ConsoleLine> flush();
    [[nodiscard]] bool holds() const noexcept { return !held_.empty(); }

private:
    [[nodiscard]] ConsoleLine take(std::size_t size);
    std::string held_;
    WallTime began_{};
    // A line was ended, but not by a line feed: one that follows belongs to it. So may the first of all: the line was
    // begun before we listened.
    bool ended_ = true;
};

/// "2026-11-28T04:25:19.123Z". Years that have no four digits become the nearest that has.
[[nodiscard]] std::string console_stamp(WallTime at);
/// The stamp, a space (a star before our notes), the text and a line feed.
[[nodiscard]] std::string console_record(const ConsoleLine& line);
/// A record without its line feed; nothing for what is none, such as a line that a crash tore.
[[nodiscard]] std::optional<ConsoleLine> parse_console_record(std::string_view record);

/// "console/<16 hex digits>", of host and port.
[[nodiscard]] std::string console_log_name(const Target& target);

}  // namespace vmc::model
