// SPDX-License-Identifier: Apache-2.0
#include <random>

#include <doctest/doctest.h>

#include "model/console_lines.hpp"
#include "model/console_text.hpp"

using namespace vmc;
using namespace vmc::model;

namespace {

const WallTime noon{std::chrono::milliseconds(1'795'000'000'000)};

std::vector<std::string> lines_of(std::initializer_list<std::string_view> pieces) {
    ConsoleSplitter splitter;
    std::vector<std::string> all;
    for (const auto piece : pieces)
        for (const auto& line : splitter.feed(piece, noon)) all.push_back(line.text);
    if (const auto rest = splitter.flush()) all.push_back(rest->text);
    return all;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("a console's bytes become lines, however they are cut and ended") {
    CHECK(lines_of({"one\ntwo\r\nthree\rfour\n\rfive"}) == Lines{"one", "two", "three", "four", "five"});
    CHECK(lines_of({"on", "e\r", "\nt", "wo"}) == Lines{"one", "two"});
    CHECK(lines_of({"login: "}) == Lines{"login: "});
    CHECK(lines_of({}) == Lines{});
}

TEST_CASE("what would steer a terminal is shown and not obeyed, and a character that is cut is joined again") {
    CHECK(lines_of({"\x1b[2J\x07 ok\n"}) == Lines{"\\x1b[2J\\x07 ok"});
    CHECK(lines_of({"gr\xc3", "\xbc\xc3\x9f\n"}) == Lines{"gr\xc3\xbc\xc3\x9f"});
}

TEST_CASE("endless output without a line end costs flat memory and loses nothing") {
    ConsoleSplitter splitter;
    std::size_t told = 0;
    for (int i = 0; i < 1000; ++i)
        for (const auto& line : splitter.feed(std::string(777, 'x'), noon)) {
            CHECK(line.text.size() <= ConsoleSplitter::longest);
            told += line.text.size();
        }
    if (const auto rest = splitter.flush()) told += rest->text.size();
    CHECK(told == 777'000);
}

TEST_CASE("a record reads back, and what is torn is none") {
    for (const bool note : {false, true}) {
        ConsoleLine line;
        line.at = noon;
        line.text = "[   12.3] Linux version 6.1";
        line.note = note;
        auto record = console_record(line);
        REQUIRE(record.ends_with("\n"));
        record.pop_back();
        const auto read = parse_console_record(record);
        REQUIRE(read.has_value());
        CHECK(read->at == noon);
        CHECK(read->text == line.text);
        CHECK(read->note == note);
        for (std::size_t n = 0; n < 24; ++n) CHECK_FALSE(parse_console_record(record.substr(0, n)).has_value());
    }
}

TEST_CASE("what a kernel says of its end is told from what a program quotes") {
    struct Row {
        const char* line;
        const char* sign;
    };
    const Row rows[] = {
        {"[   93.412345] Kernel panic - not syncing: sysrq triggered crash", "panic"},
        {"[   93.412345][    T1] Kernel panic - not syncing: Attempted to kill init!", "panic"},
        {"web-1 login: [   35.100000] Kernel panic - not syncing: Fatal exception", "panic"},
        {"[    0.000000] Linux version 6.1.0-13-cloud-amd64 (debian-kernel@lists.debian.org)", "boot"},
        {"SeaBIOS (version 1.16.2-debian-1.16.2-1)", "boot"},
        {"[   12.1] Out of memory: Killed process 413 (stress) total-vm:1024kB", "out-of-memory"},
        {"[    2.1] kdump[312]: saving vmcore", "dump"},
        {"The dumpfile is saved to /var/crash/202611280422/dump.", "dump-ended"},
        {"You are in emergency mode. After logging in, type \"journalctl -xb\"", "emergency"},
        {"(initramfs) ", "emergency"},
        {"debian login: ", "login"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.line);
        const auto sign = console_sign(row.line);
        CHECK(sign.has_value());
        if (sign) CHECK(slug(*sign) == row.sign);
    }
    for (const char* line : {"grep: Kernel panic - not syncing: in a log", "user: is it a Kernel panic - not syncing?",
                             "crashkernel=256M", "Last login: Sat Nov 28", "", "hello"}) {
        CAPTURE(line);
        CHECK_FALSE(console_sign(line).has_value());
    }
}

TEST_CASE("a panic counts no more once the next boot has begun") {
    const auto at = [](const char* text) {
        ConsoleLine line;
        line.at = noon;
        line.text = text;
        return line;
    };
    const auto panic = at("[   93.4] Kernel panic - not syncing: x"), boot = at("[    0.0] Linux version 6.1");
    CHECK(latest_state(read_console({boot, panic}))->sign == ConsoleSign::panic);
    CHECK(latest_state(read_console({panic, boot}))->sign == ConsoleSign::boot);
    auto note = panic;
    note.note = true;
    CHECK_FALSE(latest_state(read_console({note})).has_value());
}
