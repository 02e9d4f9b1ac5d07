// SPDX-License-Identifier: Apache-2.0
#include "model/lines.hpp"

#include <vector>

#include <doctest/doctest.h>

#include "unit/property.hpp"

using namespace vmc::model;

namespace {

using Lines = std::vector<std::string>;

/// A cut line is marked with a `+`.
Lines split(const std::string& text, std::size_t piece, std::size_t bound = LineSplitter::longest) {
    Lines lines;
    LineSplitter splitter(
        [&](std::string_view line, bool cut) { lines.push_back(std::string(line) + (cut ? "+" : "")); }, bound);
    for (std::size_t at = 0; at < text.size(); at += piece) splitter.feed(text.substr(at, piece));
    splitter.finish();
    return lines;
}

rc::Gen<std::string> text_of_lines() {
    return rc::gen::container<std::string>(rc::gen::elementOf(std::string("ab\r\n\n\r\xff")));
}

}  // namespace

TEST_CASE("lines come without their newline, also when it is CRLF") {
    CHECK(split("a\nb\r\n\nc\n", 100) == Lines{"a", "b", "", "c"});
}

TEST_CASE("a last line without a newline is a line, no bytes are none") {
    CHECK(split("a\nb", 100) == Lines{"a", "b"});
    CHECK(split("", 100).empty());
    CHECK(split("a\n", 100) == Lines{"a"});
}

TEST_CASE("a carriage return that ends no line stays") {
    CHECK(split("10%\r20%\r\n", 100) == Lines{"10%\r20%"});
    CHECK(split("a\r", 1) == Lines{"a\r"});
}

TEST_CASE("a line longer than the bound comes in pieces that say so") {
    CHECK(split("abcdefgh\ni\n", 100, 3) == Lines{"abc+", "def+", "gh", "i"});
    CHECK(split("abc\r\nd", 1, 3) == Lines{"abc", "d"});
    CHECK(split("abc\rd", 1, 3) == Lines{"abc+", "\rd"});
}

TEST_CASE("where the stream is cut into pieces does not matter") {
    vmc::always([] {
        const std::string text = *text_of_lines();
        const auto piece = *rc::gen::inRange<std::size_t>(1, 7);
        const auto bound = *rc::gen::inRange<std::size_t>(1, 9);
        RC_ASSERT(split(text, piece, bound) == split(text, text.size() + 1, bound));
    });
}
