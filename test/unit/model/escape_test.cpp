// SPDX-License-Identifier: Apache-2.0
#include "model/escape.hpp"

#include <vector>

#include <doctest/doctest.h>

#include "unit/property.hpp"

#include "model/utf8.hpp"

using namespace vmc::model;

namespace {

/// Bytes that matter here are rare in random ones.
rc::Gen<std::string> hostile() {
    const std::vector<std::string> pieces = {"a",
                                             "é",
                                             "漢",
                                             "😀",
                                             "\n",
                                             "\r",
                                             "\t",
                                             "\x1b[2J",
                                             "\x7f",
                                             "\xc2\x9b",
                                             "\x9b",
                                             "\xe2\x80\xae",
                                             "\xe2\x81\xa6",
                                             "\xff",
                                             "\xc0\xaf",
                                             "\xed\xa0\x80",
                                             "\xf0\x9f",
                                             std::string(1, '\0')};
    return rc::gen::map(rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(pieces)),
                        [](const auto& chosen) {
                            std::string text;
                            for (const auto& piece : chosen) text += piece;
                            return text;
                        });
}

bool is_safe(const std::string& text) {
    for (std::size_t at = 0; at < text.size();) {
        const Utf8Step step = utf8_step(std::string_view(text).substr(at));
        if (step.kind != Utf8Step::Kind::character) return false;
        const char32_t c = step.character;
        const bool control = (c < 0x20 && c != '\n' && c != '\t' && c != '\r') || (c >= 0x7F && c < 0xA0);
        if (control || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069)) return false;
        if (c == '\r' && (at + 1 == text.size() || text[at + 1] != '\n')) return false;
        at += step.size;
    }
    return true;
}

}  // namespace

TEST_CASE("text stays as it is") {
    for (const std::string text : {"", "plain\ttext\n", "a\r\nb", "Grüße, 漢字 😀", "back\\slash \\x1b"})
        CHECK(escape_for_terminal(text) == text);
}

TEST_CASE("what a terminal would obey is shown instead") {
    CHECK(escape_for_terminal("\x1b[2Jx") == "\\x1b[2Jx");
    CHECK(escape_for_terminal("\x1b]52;c;aGk=\x07") == "\\x1b]52;c;aGk=\\x07");
    CHECK(escape_for_terminal("\xc2\x9b"
                              "31m") == "\\xc2\\x9b31m");
    CHECK(escape_for_terminal("\x9b"
                              "31m") == "\\x9b31m");
    CHECK(escape_for_terminal("50%\rdone") == "50%\\x0ddone");
    CHECK(escape_for_terminal("\x7f\b") == "\\x7f\\x08");
    CHECK(escape_for_terminal(std::string(1, '\0')) == "\\x00");
}

TEST_CASE("characters that reorder text are shown instead") {
    CHECK(escape_for_terminal("a\xe2\x80\xae"
                              "b") == "a\\u202eb");
    CHECK(escape_for_terminal("\xe2\x81\xa6") == "\\u2066");
}

TEST_CASE("bytes that are no UTF-8 are shown one by one") {
    CHECK(escape_for_terminal("\xff\xc3(") == "\\xff\\xc3(");
    CHECK(escape_for_terminal("\xed\xa0\x80") == "\\xed\\xa0\\x80");
    CHECK(escape_for_terminal("\xf0\x9f\x98") == "\\xf0\\x9f\\x98");
}

TEST_CASE("nothing a terminal obeys ever comes out") {
    vmc::always([] { RC_ASSERT(is_safe(escape_for_terminal(*hostile()))); });
    vmc::always([](const std::string& text) { RC_ASSERT(is_safe(escape_for_terminal(text))); });
}

TEST_CASE("what came out goes through unchanged") {
    vmc::always([] {
        const std::string once = escape_for_terminal(*hostile());
        RC_ASSERT(escape_for_terminal(once) == once);
    });
}

TEST_CASE("where the stream is cut into pieces does not matter") {
    vmc::always([] {
        const std::string text = *hostile();
        const auto size = *rc::gen::inRange<std::size_t>(1, 5);
        TerminalEscaper escaper;
        std::string shown;
        for (std::size_t at = 0; at < text.size(); at += size) shown += escaper.feed(text.substr(at, size));
        shown += escaper.finish();
        RC_ASSERT(shown == escape_for_terminal(text));
    });
}
