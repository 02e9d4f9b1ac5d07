// SPDX-License-Identifier: Apache-2.0
// The founding API in C++, against a real sshd: blocking classes, exceptions, lines for a callback.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "live/lab.hpp"

using vmc::SSHConnection;
using vmc::VMConnection;

namespace {

/// The founding classes live on the process's own loop: what that remembers stays out of the user's home.
bool keep_state_apart() {
    static const bool done = [] {
        char name[] = "/tmp/vmc-founding-XXXXXX";
        REQUIRE(::mkdtemp(name));
        return ::setenv("XDG_STATE_HOME", name, 1) == 0;
    }();
    REQUIRE(done);
    return done;
}

struct FoundingFixture {
    bool apart = keep_state_apart();  // before anything connects
    lab::Host host;
    SSHConnection conn{target()};

    /// Hosts of one session take each other's addresses: known by the key, not by the name.
    vmc::Target target() const { return host.target().pin(host.fingerprint); }

    /// What was thrown, as the type asked for; the test fails where nothing was.
    template <class E, class F>
    E thrown(F call) {
        try {
            call();
        } catch (const E& error) {
            return error;
        }
        FAIL("nothing was thrown");
        throw;
    }
};

}  // namespace

TEST_CASE_FIXTURE(FoundingFixture, "execute gives lines as they come, those of stderr marked, and the exit code") {
    conn.connect();
    std::vector<std::string> lines;
    const int code = conn.execute("echo one; echo two >&2; printf three; exit 7", 20,
                                  [&](std::string_view line) { lines.emplace_back(line); });
    CHECK(code == 7);
    REQUIRE(lines.size() == 3);
    CHECK(std::ranges::find(lines, "one") != lines.end());
    CHECK(std::ranges::find(lines, "STDERR: two") != lines.end());
    CHECK(std::ranges::find(lines, "three") != lines.end());
    CHECK(conn.execute("true") == 0);
}

TEST_CASE_FIXTURE(FoundingFixture, "what is not connected says so, and zero retries are false at once") {
    CHECK(std::string(thrown<vmc::VMConnectionError>([&] { conn.execute("true"); }).what()) == "Not connected to VM");
    CHECK_FALSE(conn.reconnect(0));
    CHECK_THROWS_AS(conn.check_reboot(), std::logic_error);
    CHECK_THROWS_AS(SSHConnection("web-1", "root", ""), std::invalid_argument);
}

TEST_CASE_FIXTURE(FoundingFixture, "a timeout, a lost session and a denied login are exceptions of their own") {
    conn.connect();
    const auto late = thrown<vmc::CommandTimeoutError>([&] { conn.execute("exec sleep 4716", 1); });
    CHECK(late.command == "exec sleep 4716");
    CHECK(late.timeout == 1);
    CHECK(late.killed == vmc::Known::yes);
    const auto lost =
        thrown<vmc::ConnectionLostError>([&] { conn.execute("echo begun; sleep 0.2; kill -9 $PPID; sleep 30", 20); });
    CHECK(lost.may_have_run == vmc::Known::yes);
    CHECK(conn.reconnect(3, 0.2));
    CHECK(conn.execute("exit 3") == 3);

    auto wrong = target();
    wrong.key(host.wrong_key);
    SSHConnection denied(wrong);
    CHECK_THROWS_AS(denied.connect(), vmc::AuthenticationError);
}

TEST_CASE_FIXTURE(FoundingFixture, "a key that is named is the only one tried, whatever the agent holds") {
    auto wrong = host.target();
    wrong.key(host.wrong_key);
    CHECK_FALSE(wrong.agent());
    const SSHConnection founding(host.address, "root", host.wrong_key);
    CHECK_FALSE(const_cast<SSHConnection&>(founding).vm().target().agent());
}

TEST_CASE_FIXTURE(FoundingFixture, "a host key that is not the expected one is an exception of its own") {
    auto pinned = host.target();
    pinned.pin("SHA256:" + std::string(43, 'A'));
    SSHConnection other(pinned);
    CHECK_THROWS_AS(other.connect(), vmc::HostKeyError);
}

TEST_CASE_FIXTURE(FoundingFixture, "a reboot is found by record_boot_id and check_reboot, with both ids") {
    conn.connect();
    const std::string before = conn.record_boot_id();
    CHECK(before == host.boot_id);
    CHECK_FALSE(conn.check_reboot());
    host.reboot();
    CHECK(conn.reconnect(20, 0.5));
    const auto rebooted = thrown<vmc::VMRebootDetectedError>([&] { conn.check_reboot(); });
    CHECK(rebooted.before == before);
    CHECK(rebooted.after == host.boot_id);
    CHECK(rebooted.change == vmc::BootChange::reboot);
    CHECK(std::string(vmc::VMRebootDetectedError("a", "a", vmc::BootChange::soft_reboot).what()).find("rebooted") ==
          std::string::npos);
}

TEST_CASE_FIXTURE(FoundingFixture, "is_alive speaks of each level, and takes an unknown one as medium") {
    VMConnection vm(target());
    vm.connect();
    for (const char* level : {"basic", "medium", "thorough", "no such level"}) {
        const auto health = vm.is_alive(level);
        CHECK(health.alive);
        CHECK(health.confidence >= 0.7);
    }
    CHECK(vm.is_alive("no such level").level == vmc::Level::medium);
}
