// SPDX-License-Identifier: Apache-2.0
#include "model/console_lines.hpp"

#include <doctest/doctest.h>

#include "unit/property.hpp"

using namespace vmc;
using namespace vmc::model;
using namespace std::chrono_literals;

namespace {

constexpr WallTime noon{1'764'331'200'123ms};  // 2025-11-28T12:00:00.123Z

/// The texts of all lines, the last one flushed, each in brackets.
std::string split(const std::vector<std::string>& pieces) {
    ConsoleSplitter splitter;
    std::string text;
    for (const auto& piece : pieces)
        for (const auto& line : splitter.feed(piece, noon)) text += "[" + line.text + "]";
    if (const auto rest = splitter.flush()) text += "[" + rest->text + "]";
    return text;
}

}  // namespace

TEST_CASE("a line ends in whatever way serial consoles end it, and an empty one counts once") {
    CHECK(split({"a\nb\n"}) == "[a][b]");
    CHECK(split({"a\r\nb\r\n"}) == "[a][b]");
    CHECK(split({"a\n\rb\n\r"}) == "[a][b]");
    CHECK(split({"a\r\r\nb"}) == "[a][b]");
    CHECK(split({"a\n\nb\r\n\r\nc"}) == "[a][][b][][c]");
    CHECK(split({"10 %\r20 %\r30 %\r\n"}) == "[10 %][20 %][30 %]");
    CHECK(split({"\r\na\n\n"}) == "[a][]");  // of a line that began before we listened
    CHECK(split({""}) == "");
}

TEST_CASE("where the pieces are cut makes no difference") {
    const std::string text = "a\r\n\r\nbc\n\r\xc3\xa4\x1b[0m\rd\n";
    const auto whole = split({text});
    CHECK(whole == "[a][][bc][\xc3\xa4\\x1b[0m][d]");
    for (std::size_t at = 0; at <= text.size(); ++at) {
        CAPTURE(at);
        CHECK(split({text.substr(0, at), text.substr(at)}) == whole);
    }
}

TEST_CASE("a prompt that is flushed is a line, and its end that comes later is none") {
    ConsoleSplitter splitter;
    CHECK(splitter.feed("web-1 login: ", noon).empty());
    CHECK(splitter.holds());
    CHECK(splitter.flush()->text == "web-1 login: ");
    CHECK_FALSE(splitter.flush());
    CHECK(splitter.feed("\r\n", noon).empty());
    const auto next = splitter.feed("\n", noon);
    REQUIRE(next.size() == 1);
    CHECK(next[0].text.empty());
    (void)splitter.feed("ro", noon);
    (void)splitter.flush();
    const auto rest = splitter.feed("ot\n", noon);
    REQUIRE(rest.size() == 1);
    CHECK(rest[0].text == "ot");
}

TEST_CASE("a line's time is that of its first byte") {
    ConsoleSplitter splitter;
    (void)splitter.feed("Loading", noon);
    const auto lines = splitter.feed(" done\nnext\n", noon + 5s);
    REQUIRE(lines.size() == 2);
    CHECK(lines[0].at == noon);
    CHECK(lines[1].at == noon + 5s);
}

TEST_CASE("a line without an end comes in pieces, none of which cuts a character") {
    std::string text = "x";
    while (text.size() < 3 * ConsoleSplitter::longest) text += "\xe2\x82\xac";  // a euro sign: no piece can be full
    ConsoleSplitter splitter;
    std::string together;
    for (const auto& line : splitter.feed(text, noon)) {
        CHECK(line.text.size() <= ConsoleSplitter::longest);
        CHECK(line.text.find('\\') == std::string::npos);
        together += line.text;
    }
    together += splitter.flush()->text;
    CHECK(together == text);
    CHECK(split({std::string(ConsoleSplitter::longest, 'y') + "\nz\n"}) ==
          "[" + std::string(ConsoleSplitter::longest, 'y') + "][z]");
}

TEST_CASE("nothing that a terminal would obey, and no line feed, gets through") {
    always([](const std::string& bytes, const std::string& more) {
        ConsoleSplitter splitter;
        auto lines = splitter.feed(bytes, noon);
        for (auto& line : splitter.feed(more, noon)) lines.push_back(std::move(line));
        if (auto rest = splitter.flush()) lines.push_back(std::move(*rest));
        for (const auto& line : lines) {
            for (const char c : line.text) {
                const auto byte = static_cast<unsigned char>(c);
                RC_ASSERT((byte >= 0x20 || c == '\t') && byte != 0x7F);
            }
            const auto back = parse_console_record(console_record(line).substr(0, console_record(line).size() - 1));
            RC_ASSERT(back && back->text == line.text && back->at == line.at && !back->note);
        }
    });
}

TEST_CASE("a record reads back, and one that a crash tore is none") {
    ConsoleLine note;
    note.at = noon;
    note.text = "listening to /run/x";
    note.note = true;
    CHECK(console_record(note) == "2025-11-28T12:00:00.123Z* listening to /run/x\n");
    CHECK(parse_console_record("2025-11-28T12:00:00.123Z* listening to /run/x")->note);
    // What the console says cannot pass for a note.
    CHECK_FALSE(parse_console_record("2025-11-28T12:00:00.123Z * x")->note);
    CHECK(parse_console_record("2025-11-28T12:00:00.123Z * x")->text == "* x");
    for (const char* torn :
         {"", "2025-11-28T12:00:00.12", "2025-11-28T12:00:00.123Z", "# vm-connection console 1",
          "2025-02-30T12:00:00.123Z x", "2025-11-28T24:00:00.123Z x", "2025-11-28 12:00:00.123Z x"}) {
        CAPTURE(torn);
        CHECK_FALSE(parse_console_record(torn));
    }
    always([](const std::string& bytes) { (void)parse_console_record(bytes); });
}

TEST_CASE("stamps are in UTC, with milliseconds, and always as long") {
    CHECK(console_stamp(WallTime{}) == "1970-01-01T00:00:00.000Z");
    CHECK(console_stamp(WallTime{951'782'399'999ms}) == "2000-02-28T23:59:59.999Z");
    CHECK(console_stamp(WallTime{-1ms}) == "1969-12-31T23:59:59.999Z");
    CHECK(console_stamp(WallTime::max()).size() == 24);
    CHECK(console_stamp(WallTime::min()).size() == 24);
}
