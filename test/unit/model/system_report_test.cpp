// SPDX-License-Identifier: Apache-2.0
#include "model/system_report.hpp"

#include <algorithm>
#include <chrono>

#include <doctest/doctest.h>

#include "unit/property.hpp"

#include "unit/model/shell.hpp"

using namespace vmc;
using namespace vmc::model;
using namespace std::chrono_literals;

namespace {

const std::string mark = nonce(0x00ff00ff00ff00ff);
const WallTime noon{1800000000s};

std::vector<Evidence> report(const std::string& body) {
    const auto evidence =
        parse_system("\nvmc-begin-" + mark + "\n" + body + "\nvmc-end-" + mark + "\n", mark, {noon, noon + 1s});
    REQUIRE(evidence);
    return *evidence;
}
const Evidence& find(const std::vector<Evidence>& evidence, const std::string& check) {
    const auto found = std::ranges::find(evidence, check, &Evidence::check);
    REQUIRE(found != evidence.end());
    return *found;
}
Answer answer(const std::string& check, const std::string& body) { return find(report(body), check).answer; }
std::string detail(const std::string& check, const std::string& body) { return find(report(body), check).detail; }

}  // namespace

TEST_CASE("this machine can be asked under every shell there is, and nothing stays behind") {
    for (const std::string& with : shell::installed()) {
        CAPTURE(with);
        const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
        const auto printed = shell::run(system_script(mark), with);
        const auto evidence = parse_system(printed, mark, {now, now + 20s});
        REQUIRE(evidence);
        for (const auto* check :
             {"uptime", "disk-space", "memory", "load", "processes", "kernel-taint", "clock", "reboot-pending"})
            CHECK_MESSAGE(find(*evidence, check).answer != Answer::unknown, check);
        CHECK(find(*evidence, "disk-write").answer == Answer::works);
        CHECK(find(*evidence, "clock").answer == Answer::works);
        CHECK(evidence->size() == 15);
        CHECK(printed.size() < 65536);
    }
}

TEST_CASE("what was not told is unknown, never a fault") {
    const auto evidence = report("");
    CHECK(evidence.size() == 15);
    for (const Evidence& e : evidence) CHECK_MESSAGE(e.answer == Answer::unknown, e.check);
}

TEST_CASE("what was told in another form is unknown") {
    for (const Evidence& e :
         report("uptime=soon\nload=x\nMemTotal=-1\nMemAvailable=1e9\nspace_root=- -\ninodes_root=0 0\ntaint=none\n"
                "root=ext4\nprocesses=1\nclock=1e9\nreboot=?\nwrite=1.5\nfailed_units=\npsi_io=\n"))
        CHECK_MESSAGE(e.answer == Answer::unknown, e.check);
}

TEST_CASE("a full disk is seen on / and where our own state lies") {
    CHECK(answer("disk-space", "space_root=20000000 10000000\nspace_state=20000000 10000000\n") == Answer::works);
    CHECK(answer("disk-space", "space_root=20000000 10000\n") == Answer::fails);
    CHECK(answer("disk-space", "space_root=20000000 10000000\nspace_state=1000000 0\n") == Answer::fails);
    CHECK(detail("disk-space", "space_root=20000000 10000000\nspace_state=1000000 0\n") ==
          "0 KiB of 977 MiB left for the state directory");
    CHECK(answer("disk-inodes", "inodes_root=100000 500\n") == Answer::fails);
    CHECK(answer("disk-inodes", "inodes_root=100000 5000\n") == Answer::works);
}

TEST_CASE("a read-only root is a fault only on a file system made for writing") {
    CHECK(answer("root-writable", "root=ext4 ro,relatime\n") == Answer::fails);
    CHECK(answer("root-writable", "root=ext4 rw,errors=remount-ro\n") == Answer::works);
    CHECK(answer("root-writable", "root=squashfs ro\n") == Answer::works);
}

TEST_CASE("memory is exhausted only when swap is, too") {
    CHECK(answer("memory", "MemTotal=1000000\nMemAvailable=20000\n") == Answer::fails);
    CHECK(answer("memory", "MemTotal=1000000\nMemAvailable=20000\nSwapTotal=1000000\nSwapFree=900000\n") ==
          Answer::works);
    CHECK(answer("memory", "MemTotal=1000000\nMemAvailable=500000\n") == Answer::works);
}

TEST_CASE("each threshold is where it is documented") {
    CHECK(answer("pressure-memory", "psi_memory=19.99\n") == Answer::works);
    CHECK(answer("pressure-memory", "psi_memory=20.00\n") == Answer::fails);
    CHECK(answer("pressure-io", "psi_io=60.00\n") == Answer::fails);
    CHECK(answer("load", "load=16.00 9.0 1.0 1/100 5\ncpus=0-1\n") == Answer::works);
    CHECK(answer("load", "load=16.01 9.0 1.0 1/100 5\ncpus=0-1\n") == Answer::fails);
    CHECK(answer("load", "load=16.01 9.0 1.0 1/100 5\ncpus=0,2-3\n") == Answer::works);
    CHECK(answer("processes", "processes=200\nblocked=9\nzombies=99\n") == Answer::works);
    CHECK(answer("processes", "processes=200\nblocked=10\nzombies=0\n") == Answer::fails);
    CHECK(answer("processes", "processes=200\nblocked=0\nzombies=100\n") == Answer::fails);
    CHECK(answer("kernel-taint", "taint=4097\n") == Answer::works);
    CHECK(answer("kernel-taint", "taint=128\n") == Answer::fails);
    CHECK(answer("kernel-taint", "taint=16\n") == Answer::fails);
    CHECK(answer("failed-units", "failed_units=0\nfailed_unit=\n") == Answer::works);
    CHECK(detail("failed-units", "failed_units=2\nfailed_unit=foo.service\n") == "2, first foo.service");
    CHECK(answer("disk-write", "write=499\n") == Answer::works);
    CHECK(answer("disk-write", "write=500\n") == Answer::fails);
    CHECK(answer("disk-write", "write=stuck\n") == Answer::fails);
    CHECK(answer("disk-write", "write=failed\n") == Answer::fails);
}

TEST_CASE("the kernel's alarms count for an hour") {
    CHECK(answer("kernel-log", "klog=\n") == Answer::works);
    CHECK(answer("kernel-log", "uptime=5000.00\nklog=[ 4000.123456] Out of memory: Killed process 1\n") ==
          Answer::fails);
    CHECK(answer("kernel-log", "uptime=9000.00\nklog=[ 4000.123456] Out of memory: Killed process 1\n") ==
          Answer::works);
    CHECK(answer("kernel-log", "klog=no time in it\n") == Answer::fails);
    CHECK(detail("kernel-log", "klog=[1.0] BUG: \x1b[2J\n") == "[1.0] BUG: \\x1b[2J");
}

TEST_CASE("a clock is judged against the time between question and answer") {
    CHECK(detail("clock", "clock=1800000000\n") == "agrees with ours");
    CHECK(detail("clock", "clock=1800000001\n") == "agrees with ours");
    CHECK(answer("clock", "clock=1800000061\n") == Answer::works);
    CHECK(answer("clock", "clock=1800000062\n") == Answer::fails);
    CHECK(detail("clock", "clock=1799990000\n") == "2 h 46 min behind ours");
}

TEST_CASE("a pending reboot is said and is no fault") {
    CHECK(answer("reboot-pending", "reboot=yes\n") == Answer::works);
    CHECK(detail("reboot-pending", "reboot=yes\n") == "a reboot is pending");
}

TEST_CASE("any bytes can be parsed") {
    always([](const std::string& noise) { static_cast<void>(report(noise)); });
}
