// SPDX-License-Identifier: Apache-2.0
#include "model/console_text.hpp"

#include <doctest/doctest.h>

#include "unit/property.hpp"

using namespace vmc;
using namespace vmc::model;

namespace {

std::string said(std::string_view line) {
    const auto sign = console_sign(line);
    return sign ? std::string(slug(*sign)) : "nothing";
}

ConsoleLine line(std::string text, bool note = false) {
    ConsoleLine made;
    made.text = std::move(text);
    made.note = note;
    return made;
}

std::string state(const std::vector<std::string>& texts) {
    std::vector<ConsoleLine> lines;
    for (const auto& text : texts) lines.push_back(line(text));
    const auto found = latest_state(read_console(lines));
    return found ? std::string(slug(found->sign)) : "nothing";
}

}  // namespace

TEST_CASE("a kernel's panic is one in every form in which kernels print it") {
    CHECK(said("[   35.123456] Kernel panic - not syncing: sysrq triggered crash") == "panic");
    CHECK(said("[    2.1][    T1] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)") ==
          "panic");
    CHECK(said("[12345.678901][ C0] Kernel panic - not syncing: Fatal exception in interrupt") == "panic");
    CHECK(said("Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100") == "panic");
    CHECK(said("[   36.0] ---[ end Kernel panic - not syncing: Fatal exception ]---") == "panic");
    // Behind a prompt that had no end of its own.
    CHECK(said("web-1 login: [   35.123456] Kernel panic - not syncing: sysrq triggered crash") == "panic");
    CHECK(said("\\x1b[0m[   35.123456] Kernel panic - not syncing: x") == "panic");
}

TEST_CASE("a program that speaks of a panic does not make one") {
    for (const char* text : {
             "[  100.000001] myapp[12]: Kernel panic - not syncing: quoted",
             "web-1 myapp: Kernel panic - not syncing",
             "$ grep 'Kernel panic - not syncing' /var/log/kern.log",
             "[FAILED] Kernel panic - not syncing",
             "[   10.0] Kernel panic timeout set to 10",
             "[   10.0] sysctl: kernel.panic = 10",
         }) {
        CAPTURE(text);
        CHECK(said(text) == "nothing");
    }
}

TEST_CASE("a dump under way is seen, and a system that is only prepared for one is not dumping") {
    CHECK(said("[   40.000000] Starting crashdump kernel...") == "dump");
    CHECK(said("[    0.000000] Kernel command line: root=/dev/vda1 irqpoll nr_cpus=1 elfcorehdr=0x6b000000") == "dump");
    CHECK(said("[    0.0] Command line: BOOT_IMAGE=/vmlinuz root=/dev/vda1 elfcorehdr=0x6b000000") == "dump");
    CHECK(said("kdump: saving vmcore") == "dump");
    CHECK(said("[    3.911250] kdump[513]: saving vmcore-dmesg.txt to /sysroot/var/crash/") == "dump");
    CHECK(said("[    3.2] kdump-tools[233]: running makedumpfile -c -d 31 /proc/vmcore /var/crash/x/dump.x") == "dump");
    CHECK(said("Copying data                       : [ 45.2 %] /           eta: 3s") == "dump");
    CHECK(said("kdump: saving vmcore complete") == "dump-ended");
    CHECK(said("[    9.9] kdump-tools[233]: saved vmcore in /var/crash/202511281200") == "dump-ended");
    CHECK(said("makedumpfile Completed.") == "dump-ended");
    CHECK(said("kdump: saving vmcore failed, exitcode:1") == "dump-ended");
    for (const char* text : {
             "[    0.0] Kernel command line: root=/dev/vda1 crashkernel=256M console=ttyS0",
             "[    0.0] crashkernel reserved: 0x0000000067000000 - 0x0000000077000000 (256 MB)",
             "[  OK  ] Started Crash recovery kernel arming.",
             "         Starting Kernel crash dump capture service...",
             "kdumpctl[812]: kexec: loaded kdump kernel",
             "Copying data from the mirror: done",
         }) {
        CAPTURE(text);
        CHECK(said(text) == "nothing");
    }
}

TEST_CASE("a process that was killed for want of memory") {
    CHECK(said("[  812.3] Out of memory: Killed process 1234 (stress-ng) total-vm:8388608kB, anon-rss:7340032kB") ==
          "out-of-memory");
    CHECK(said("[  812.3] Out of memory: Kill process 1234 (java) score 901 or sacrifice child") == "out-of-memory");
    CHECK(said("[  9.1] Memory cgroup out of memory: Killed process 77 (a.out)") == "out-of-memory");
    CHECK(said("[  812.3] myapp: Out of memory: Killed by myself") == "nothing");
}

TEST_CASE("a shell that waits for a person") {
    CHECK(said("You are in emergency mode. After logging in, type \"journalctl -xb\" to view") == "emergency");
    CHECK(said("[\\x1b[0;32m  OK  \\x1b[0m] Reached target \\x1b[0;1;39memergency.target\\x1b[0m - Emergency Mode.") ==
          "emergency");
    CHECK(said("Give root password for maintenance") == "emergency");
    CHECK(said("(initramfs) ") == "emergency");
    CHECK(said("ALERT!  UUID=4b1f does not exist.  Dropping to a shell!") == "emergency");
    CHECK(said("Entering emergency mode. Exit the shell to continue.") == "emergency");
    CHECK(said("[  OK  ] Reached target network-online.target - Network is Online.") == "nothing");
}

TEST_CASE("a getty's prompt, and what only looks like one") {
    CHECK(said("web-1 login: ") == "login");
    CHECK(said("\\x1b[H\\x1b[Jdebian login:") == "login");
    CHECK(said("web-1.example login: root (automatic login)") == "login");
    for (const char* text : {"Last login: Fri Nov 28 12:00:00 UTC 2025 on ttyS0",
                             "Last login:", "login:", "web-1 login: ro", "sshd[1]: failed login:", "pam: bad login:"}) {
        CAPTURE(text);
        CHECK(said(text) == "nothing");
    }
}

TEST_CASE("a boot begins with its firmware, its loader or its kernel") {
    CHECK(said("SeaBIOS (version 1.16.2-debian-1.16.2-1)") == "boot");
    CHECK(said("\\x1bc\\x1b[?7l\\x1b[2J\\x1b[0mSeaBIOS (version 1.16.2-debian-1.16.2-1)") == "boot");
    CHECK(said("BdsDxe: loading Boot0001 \"UEFI Misc Device\" from PciRoot(0x0)/Pci(0x4,0x0)") == "boot");
    CHECK(said("[    0.000000] Linux version 6.1.0-28-cloud-amd64 (debian-kernel@lists.debian.org)") == "boot");
    CHECK(said("[    0.000000] Booting Linux on physical CPU 0x0000000000 [0x411fd070]") == "boot");
    CHECK(said("motd: Linux version of the day") == "nothing");
}

TEST_CASE("how the VM stands is what its console said last, and the line is the evidence") {
    CHECK(state({}) == "nothing");
    CHECK(state({"[    0.0] Linux version 6.1", "web-1 login: "}) == "login");
    CHECK(state({"web-1 login: ", "[ 99.9] Kernel panic - not syncing: x"}) == "panic");
    CHECK(state({"[ 99.9] Kernel panic - not syncing: x", "[    0.0] Linux version 6.1"}) == "boot");
    CHECK(state({"[ 99.9] Kernel panic - not syncing: x", "[    0.0] Linux version 6.1",
                 "[    0.0] Command line: elfcorehdr=0x1"}) == "dump");
    CHECK(state({"web-1 login: ", "[ 5.5] Out of memory: Killed process 1 (x)"}) == "login");
    CHECK(state({"[ 5.5] Out of memory: Killed process 1 (x)"}) == "nothing");

    const auto findings = read_console({line("Kernel panic - not syncing: quoted by us", true), line("hello"),
                                        line("[ 5.5] Out of memory: Killed process 1 (x)"), line("web-1 login: ")});
    REQUIRE(findings.size() == 2);
    CHECK(findings[0].sign == ConsoleSign::out_of_memory);
    CHECK(findings[0].line.text == "[ 5.5] Out of memory: Killed process 1 (x)");
    CHECK(latest_state(findings)->line.text == "web-1 login: ");
}

TEST_CASE("whatever a console prints can be read") {
    always([](const std::string& bytes) { (void)console_sign(bytes); });
    for (const char* text :
         {"[", "[]", "[ ]", "[.]", "[1.", "\\x1b", "\\x1b[", "\\x1b[1;", " login:", "[0.1][T", "[0.1][T1]"})
        CHECK(said(text) == "nothing");
}
