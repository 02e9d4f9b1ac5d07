// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace vmc::model {

/// Bytes in pieces become lines without their `\n` or `\r\n`. No byte else is changed: what the
/// encoding is, the caller knows. A line longer than the bound comes in several pieces, so that
/// endless output without a newline costs flat memory.
class LineSplitter {
public:
    static constexpr std::size_t longest = 1024 * 1024;
    /// `cut`: the line goes on in the next call.
    using LineFn = std::function<void(std::string_view line, bool cut)>;

    explicit LineSplitter(LineFn line, std::size_t bound = longest) : line_(std::move(line)), bound_(bound) {}

    void feed(std::string_view bytes);
    /// At the end of the stream: a last line without a newline, if there is one.
    void finish();

private:
    LineFn line_;
    std::size_t bound_;
    std::string held_;
};

}  // namespace vmc::model
