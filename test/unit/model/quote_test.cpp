// SPDX-License-Identifier: Apache-2.0
#include "model/quote.hpp"

#include <algorithm>

#include <doctest/doctest.h>

#include "unit/property.hpp"

using namespace vmc;
using namespace vmc::model;

namespace {

/// A POSIX shell's reading of one line, as far as quote() uses it (XCU 2.2).
std::vector<std::string> read_words(const std::string& line) {
    std::vector<std::string> words;
    bool in_word = false, quoted = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        if (!quoted && c == ' ') {
            in_word = false;
            continue;
        }
        if (!in_word) words.emplace_back();
        in_word = true;
        if (c == '\'') quoted = !quoted;
        else if (!quoted && c == '\\') words.back() += line[++i];
        else words.back() += c;
    }
    CHECK_FALSE(quoted);
    return words;
}

/// What `printf %b` makes of it.
std::string printed(const std::string& text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\') {
            out += text[i];
            continue;
        }
        int code = 0;
        std::size_t digits = 0;
        while (digits < 4 && i + 1 < text.size() && text[i + 1] >= '0' && text[i + 1] <= '7') {
            code = code * 8 + (text[++i] - '0');
            ++digits;
        }
        CHECK(digits == 4);
        out += static_cast<char>(code);
    }
    return out;
}

std::string sent(const Command& command) { return wire_line(command).value_or("REFUSED"); }

void refused(const Command& command, const std::string& because) {
    const auto line = wire_line(command);
    REQUIRE_FALSE(line);
    CHECK(line.error().code() == Code::bad_request);
    CHECK(line.error().stage() == Stage::config);
    CHECK(line.error().message().find(because) != std::string::npos);
}

}  // namespace

TEST_CASE("a word is one word for the shell, whatever it holds") {
    CHECK(quote("") == "''");
    CHECK(quote("plain") == "'plain'");
    CHECK(quote("it's") == R"('it'\''s')");
    CHECK(quote("a!b\\") == R"('a'\!'b'\\)");
    CHECK(quote("$HOME `id` \"x\" *") == "'$HOME `id` \"x\" *'");
}

TEST_CASE("any words are read back exactly by a POSIX shell") {
    always([](const std::vector<std::string>& words) {
        RC_PRE(!words.empty());
        for (const auto& word : words) RC_PRE(word.find('\0') == std::string::npos);
        const auto line = wire_line(Command::words(words));
        RC_ASSERT(line.has_value());
        auto read = read_words(*line);
        // A line that not every login shell reads alike is handed to /bin/sh, which evaluates it.
        const std::vector<std::string> through_sh{"exec", "/bin/sh", "-c", R"sh(eval "$(printf %b "$1")")sh", "sh"};
        if (read.size() == 6 && std::equal(through_sh.begin(), through_sh.end(), read.begin()))
            read = read_words(printed(read.back()));
        RC_ASSERT(read == words);
    });
}

TEST_CASE("inside single quotes there is never a byte that fish or csh reads differently") {
    always([](const std::string& word) {
        bool quoted = false;
        const std::string text = quote(word);
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (text[i] == '\'') quoted = !quoted;
            else if (!quoted) {
                RC_ASSERT(text[i] == '\\');
                ++i;
            } else RC_ASSERT(text[i] != '\\' && text[i] != '!');
        }
    });
}

TEST_CASE("a shell line goes verbatim, newlines and all") {
    CHECK(sent(Command("echo $HOME; ls | wc -l\n! true")) == "echo $HOME; ls | wc -l\n! true");
}

TEST_CASE("env, cwd and sudo are prefixes") {
    CHECK(sent(Command::words({"make", "-j8"}).cwd("/src").env("A", "b c").env("B", "").sudo()) ==
          "cd '/src' && sudo -n -- env A='b c' B='' 'make' '-j8'");
    CHECK(sent(Command::words({"ls"}).sudo()) == "sudo -n -- 'ls'");
}

TEST_CASE("a shell line behind a prefix stays one unit for the login shell") {
    CHECK(sent(Command("a; b # done").cwd("/x")) == "cd '/x' && \"$SHELL\" -c 'a; b # done'");
    CHECK(sent(Command("id").sudo()) == "sudo -n -- \"$SHELL\" -c 'id'");
}

TEST_CASE("a relative directory counts from home and is never an option or a CDPATH name") {
    CHECK(sent(Command::words({"ls"}).cwd("src")) == "cd './src' && 'ls'");
    CHECK(sent(Command::words({"ls"}).cwd("-")) == "cd './-' && 'ls'");
    CHECK(sent(Command::words({"ls"}).cwd("~/src")) == "cd './src' && 'ls'");
    CHECK(sent(Command::words({"ls"}).cwd("~")) == "cd '.' && 'ls'");
}

TEST_CASE("a newline in a word travels escaped, because nobody knows the login shell") {
    const Command two_lines = Command::words({"echo", "a\nb!"});
    CHECK(needs_known_shell("a\nb"));
    CHECK_FALSE(needs_known_shell("a!\\'b"));
    const std::string line = sent(two_lines);
    CHECK(line.find('\n') == std::string::npos);
    CHECK(line ==
          "exec /bin/sh -c 'eval \"$(printf %b \"$1\")\"' sh "
          "'\\0047echo\\0047 \\0047a\\0012b\\0047\\0134\\0041'");
}

TEST_CASE("what cannot be sent is refused before anything is sent") {
    refused(Command(""), "no command");
    refused(Command::words({}), "no command");
    refused(Command(std::string("a\0b", 3)), "NUL");
    refused(Command::words({"a", std::string("\0", 1)}), "NUL");
    refused(Command("id").env("A", std::string("\0", 1)), "NUL");
    refused(Command("id").env("A-B", "c"), "A-B");
    refused(Command("id").env("", "c"), "variable");
    refused(Command("id").env("1A", "c"), "1A");
    refused(Command::words({"a=b"}).sudo(), "'='");
    refused(Command(std::string(131072, 'x')), "131071");
}

TEST_CASE("the longest line Linux takes is sent") {
    CHECK(sent(Command(std::string(longest_line, 'x'))).size() == longest_line);
}
