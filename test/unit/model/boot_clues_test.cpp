// SPDX-License-Identifier: Apache-2.0
#include "model/boot_clues.hpp"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>

#include "unit/property.hpp"

#include "unit/model/shell.hpp"

using namespace vmc;
using namespace vmc::model;
using namespace std::chrono_literals;

namespace {

const std::string mark = nonce(0xfedcba9876543210);
const BootId asked = *BootId::parse("1b0c54ac-55d2-4b5c-8f0a-6a3a3e1c7b11");

std::string answer(const std::string& body) { return "\nvmc-begin-" + mark + "\n" + body + "\nvmc-end-" + mark + "\n"; }
BootClues read(const std::string& body) {
    auto clues = parse_boot_clues(answer(body), mark);
    REQUIRE(clues);
    return *clues;
}

}  // namespace

TEST_CASE("this machine tells what it knows of its boots under every shell there is") {
    for (const std::string& with : shell::installed()) {
        CAPTURE(with);
        const auto clues = parse_boot_clues(shell::run(boot_clues_script(mark, asked), with), mark);
        REQUIRE(clues);
        CHECK(clues->boot_id);
        CHECK(clues->clock);
        CHECK_FALSE(clues->last_line);  // it never lived that boot
    }
}

TEST_CASE("the last heartbeat of each job in the boot that is asked for is found under every shell there is") {
    namespace fs = std::filesystem;
    const fs::path state = fs::temp_directory_path() / ("vmc-beats-" + std::to_string(::getpid()));
    const auto write = [&](const fs::path& name, const std::string& text) {
        const fs::path file = state / "vm-connection" / "jobs" / name;
        fs::create_directories(file.parent_path());
        std::ofstream(file) << text;
    };
    const std::string boot = " " + asked.text() + " ", other = " ceb56c8c-724b-48dd-8e95-1576b5fe53f2 ";
    write("a/beat.0", "62" + boot + "100 1795751700\n63" + boot + "101 1795751701\n");
    write("a/beat.1", "64" + boot + "102 1795751702\n65" + boot + "103 1795751703\n65" + other + "9 17957");
    write("b/beat.0", "0" + other + "3 1795751790\n");
    write("c/attempts/1/beat.0", "0" + boot + "99 1795751699\n\n\x01");
    write("d/beat.0", "");
    for (const std::string& with : shell::installed()) {
        CAPTURE(with);
        ::setenv("XDG_STATE_HOME", state.c_str(), 1);
        const auto clues = parse_boot_clues(shell::run(boot_clues_script(mark, asked), with), mark);
        ::unsetenv("XDG_STATE_HOME");
        REQUIRE(clues);
        std::vector<WallTime> beats;
        for (const Beat& beat : clues->beats) {
            CHECK(beat.boot == asked);
            beats.push_back(beat.at);
        }
        std::ranges::sort(beats);
        CHECK(beats == std::vector{WallTime(1795751699s), WallTime(1795751701s), WallTime(1795751703s)});
    }
    fs::remove_all(state);
}

TEST_CASE("what journalctl, last and pstore say is read as they say it") {
    const auto clues = read(
        "boot_id=ceb56c8c-724b-48dd-8e95-1576b5fe53f2\n"
        "clock=1795751773\n"
        "boot=4c75dc34fd9a4d178f73882c5e5138d2\n"
        "boot=ceb56c8c724b48dd8e951576b5fe53f2\n"
        "last_line=1795751772.638451 h1 systemd-journald[22]: Journal stopped\n"
        "target=1795751772.617989 kexec-lab systemd[1]: Reached target reboot.target - System Reboot.\n"
        "recovery=1795751774.100000 h1 kernel: EXT4-fs (vda1): recovery complete\n"
        "wtmp=reboot 2026-11-27T03:56:12+00:00\n"
        "wtmp=shutdown 2026-11-27T03:56:12+00:00\n"
        "wtmp_begins=2026-11-27T03:56:11+00:00\n"
        "panic=pstore 1795751770 <0>[   12.3] Kernel panic - not syncing: sysrq triggered crash\n"
        "panic=kdump 1795751771 \n"
        "beat=1b0c54ac-55d2-4b5c-8f0a-6a3a3e1c7b11 1795751769\n");
    REQUIRE(clues.beats.size() == 1);
    CHECK(clues.beats[0].boot == asked);
    CHECK(clues.beats[0].at == WallTime(1795751769s));
    CHECK(clues.boot_id->text() == "ceb56c8c-724b-48dd-8e95-1576b5fe53f2");
    CHECK(*clues.clock == WallTime(1795751773s));
    REQUIRE(clues.boots.size() == 2);
    CHECK(clues.boots[0].text() == "4c75dc34-fd9a-4d17-8f73-882c5e5138d2");
    CHECK(clues.last_line->at == WallTime(1795751772638ms));
    CHECK(clues.target->text == "systemd[1]: Reached target reboot.target - System Reboot.");
    CHECK(clues.recovery->text == "h1 kernel: EXT4-fs (vda1): recovery complete");
    REQUIRE(clues.wtmp.size() == 2);
    CHECK(clues.wtmp[0].kind == "reboot");
    CHECK(clues.wtmp[1].at == WallTime(1795751772s));
    CHECK(*clues.wtmp_begins == WallTime(1795751771s));
    REQUIRE(clues.panics.size() == 2);
    CHECK(clues.panics[0].said.text == "<0>[   12.3] Kernel panic - not syncing: sysrq triggered crash");
    CHECK(clues.panics[1].source == "kdump");
    CHECK(clues.panics[1].said.text.empty());
}

TEST_CASE("what does not have its proper form is left out") {
    const auto clues = read(
        "boot_id=hello\nclock=now\nboot=no-such-boot-in-here-32-characters\nlast_line=Nov 27 03:56:12 h1 x\n"
        "target=1795751772.617989 h1 logger[99]: Reached target reboot.target - System Reboot.\n"
        "recovery=\nwtmp=reboot 27.11.2026\nwtmp=reboot 2026-13-27T03:56:12+00:00\n"
        "wtmp=reboot 2026-11-27T03:56:12+01:00\nwtmp=crash 2026-11-27T03:56:12+00:00\nwtmp_begins=Fri\n"
        "panic=apport 1795751770 Kernel panic\npanic=pstore yesterday Kernel panic\n"
        "beat=1795751769\nbeat=1b0c54ac 1795751769\nbeat=1b0c54ac-55d2-4b5c-8f0a-6a3a3e1c7b11 soon\n");
    CHECK(clues.beats.empty());
    CHECK_FALSE(clues.boot_id);
    CHECK_FALSE(clues.clock);
    CHECK_FALSE(clues.last_line);
    CHECK_FALSE(clues.target);
    CHECK_FALSE(clues.recovery);
    CHECK_FALSE(clues.wtmp_begins);
    CHECK(clues.boots.empty());
    CHECK(clues.wtmp.empty());
    CHECK(clues.panics.empty());
}

TEST_CASE("a forged end, noise around the answer and a second value change nothing") {
    const std::string noise = "clock=1\n\nvmc-end-0000000000000000\nboot=4c75dc34fd9a4d178f73882c5e5138d2\n";
    const auto clues =
        parse_boot_clues(noise + answer("clock=1795751773\nvmc-end-0000000000000000\nclock=5\n") + noise, mark);
    REQUIRE(clues);
    CHECK(*clues->clock == WallTime(1795751773s));
    CHECK(clues->boots.empty());
    CHECK(parse_boot_clues(noise, mark).error().code() == Code::restricted_shell);
    CHECK(parse_boot_clues("\nvmc-begin-" + mark + "\nclock=5\n", mark).error().code() == Code::protocol);
}

TEST_CASE("however much is told, what is kept is bounded and fit for a terminal") {
    std::string body;
    for (int i = 0; i < 5000; ++i)
        body += "panic=pstore 1795751770 " + std::string(5000, '\xff') +
                "\x1b[2J\nwtmp=reboot 2026-11-27T03:56:12+00:00\n"
                "boot=4c75dc34fd9a4d178f73882c5e5138d2\n"
                "beat=1b0c54ac-55d2-4b5c-8f0a-6a3a3e1c7b11 1795751769\n";
    const auto clues = read(body);
    CHECK(clues.panics.size() == 64);
    CHECK(clues.beats.size() == 128);
    CHECK(clues.wtmp.size() == 64);
    CHECK(clues.boots.size() == 64);
    CHECK(clues.panics[0].said.text.size() <= 300);
    CHECK(clues.panics[0].said.text.starts_with("\\xff"));
}

TEST_CASE("no bytes at all make the reader of boots stumble") {
    always([](const std::vector<std::string>& noise) {
        std::string body;
        const char* keys[] = {"boot", "clock", "last_line", "target", "wtmp", "panic", "wtmp_begins", "recovery"};
        for (std::size_t i = 0; i < noise.size(); ++i) body += std::string(keys[i % 8]) + "=" + noise[i] + "\n";
        RC_ASSERT(parse_boot_clues(answer(body), mark).has_value() || body.find("vmc-end") != body.npos);
    });
}
