// SPDX-License-Identifier: Apache-2.0
// What the user sees of each way a link can break: a real sshd, real packets. Latencies are
// printed; the deadlines asserted are generous ones.
#include <doctest/doctest.h>

#include <atomic>
#include <cstdio>

#include "live/lab.hpp"

using namespace std::chrono_literals;
using vmc::Command;
using Kind = vmc::Notice::Kind;

namespace {

void report(const char* what, double seconds) { std::printf("  %-58s %6.2f s\n", what, seconds); }

/// Counts numbered lines and notices the first one that is missing or doubled.
class Numbered {
public:
    bool take(std::string_view bytes) {
        for (const char c : bytes) {
            if (c != '\n') {
                line_ += c;
                continue;
            }
            if (line_ != std::to_string(expected_)) broken_ = true;
            ++expected_;
            line_.clear();
        }
        return true;
    }
    [[nodiscard]] long count() const { return expected_; }
    [[nodiscard]] bool broken() const { return broken_; }

private:
    std::string line_;
    std::atomic<long> expected_{0};
    std::atomic<bool> broken_{false};
};

/// Twenty lines a second, numbered from 0, `n` of them.
std::string counting(int n) {
    return "i=0; while [ $i -lt " + std::to_string(n) + " ]; do echo $i; i=$((i+1)); sleep 0.05; done";
}

struct FaultsFixture {
    lab::Here here;
    lab::Host host;
    vmc::Vm vm{host.target(), here.loop};
    lab::Ear ear{vm};
    FaultsFixture() {
        auto up = vm.connect().get();
        REQUIRE_MESSAGE(up.has_value(), (up ? "" : up.error().line()));
    }
};

}  // namespace

TEST_CASE_FIXTURE(
    FaultsFixture,
    "a path cut both ways while output streams is told within 4 s, and after it heals the same command goes on") {
    Numbered lines;
    auto run = vm.run(Command(counting(600)), [&](vmc::Stream, std::string_view bytes) { return lines.take(bytes); });
    REQUIRE(lab::eventually([&] { return lines.count() > 20; }, 10s));
    host.fault("drop");
    const auto cut = lab::now();
    const auto told = ear.heard(Kind::suspect, cut, 15s);
    REQUIRE(told);
    report("cut while streaming -> told", *told);
    CHECK(*told < 6.0);
    CHECK_FALSE(run.outcome().wait_for(lab::tries(5, 60) * 1s));
    host.heal();
    const auto healed = lab::now();
    REQUIRE(run.outcome().wait_for(180s));
    report("healed -> the command is over", lab::since(healed));
    const auto outcome = run.outcome().get();
    CHECK(outcome.exit_code() == 0);
    CHECK(lines.count() == 600);
    CHECK_FALSE(lines.broken());
}

TEST_CASE_FIXTURE(FaultsFixture, "a path cut while the link is idle is told within 10 s") {
    host.fault("drop");
    const auto told = ear.heard(Kind::suspect, lab::now(), 20s);
    REQUIRE(told);
    report("cut while idle -> told", *told);
    CHECK(*told < 12.0);
}

TEST_CASE_FIXTURE(FaultsFixture, "a command whose sshd session is killed is lost at once, and said to have run") {
    auto run = vm.run(Command("echo started; sleep 60"));
    REQUIRE(lab::eventually([&] { return !host.exec("pgrep -f 'sleep 60' || true").empty(); }, 10s));
    const auto killed = lab::now();
    host.sshd("kill-sessions");
    REQUIRE(run.outcome().wait_for(5s));
    report("sshd session killed -> outcome (with the killing)", lab::since(killed));
    const auto outcome = run.outcome().get();
    REQUIRE(outcome.as<vmc::Lost>());
    CHECK(outcome.may_have_run() == vmc::Known::yes);
    const auto again = ear.heard(Kind::online, killed, 5s);
    REQUIRE(again);
    report("sshd session killed -> online again", *again);
}

TEST_CASE_FIXTURE(FaultsFixture, "a frozen sshd is told apart from a dead path") {
    host.sshd("freeze-sessions");
    const auto frozen = lab::now();
    const auto told = ear.heard(Kind::suspect, frozen, 20s);
    REQUIRE(told);
    report("sshd session frozen -> told", *told);
    CHECK(ear.text(Kind::suspect).find("TCP answers") != std::string::npos);
    host.sshd("thaw-sessions");
}

TEST_CASE_FIXTURE(FaultsFixture, "a port that answers again is used within a second") {
    host.sshd("stop");
    host.sshd("kill-sessions");
    REQUIRE(ear.heard(Kind::ended, lab::now() - 5s, 5s));
    std::this_thread::sleep_for(3s);
    host.sshd("start");
    const auto started = lab::now();
    const auto online = ear.heard(Kind::online, started, 10s);
    REQUIRE(online);
    report("port answers again -> online", *online);
    CHECK(*online < 3.0);
}

TEST_CASE_FIXTURE(FaultsFixture, "a reboot is reported with both boot ids") {
    auto before = vm.boot().get();
    REQUIRE(before);
    CHECK(before->boot_id.text() == host.boot_id);
    REQUIRE(lab::eventually([&] { return vm.state() == "online"; }, 5s));
    std::this_thread::sleep_for(1s);  // the link reads who it is 0.3 s after login
    const std::string old_id = host.boot_id;
    host.reboot();
    const auto up = lab::now();
    const auto told = ear.heard(Kind::rebooted, up - 10s, 30s);
    REQUIRE(told);
    report("host up again -> reboot told", lab::since(up));
    const auto text = ear.text(Kind::rebooted);
    CHECK(text.find(old_id) != std::string::npos);
    CHECK(text.find(host.boot_id) != std::string::npos);
    auto after = vm.boot().get();
    REQUIRE(after);
    CHECK(vmc::compare(*before, *after) == vmc::BootChange::reboot);
}

TEST_CASE("a link dropped many times in a row leaks no descriptor") {
    lab::Here here;
    lab::Host host;
    const int drops = lab::tries(30, 200);
    int before = 0;
    {
        vmc::Vm vm(host.target(), here.loop);
        lab::Ear ear(vm);
        REQUIRE(vm.connect().get());
        before = lab::open_descriptors();
        for (int i = 0; i < drops; ++i) {
            const auto killed = lab::now();
            host.sshd("kill-sessions");
            REQUIRE_MESSAGE(ear.heard(Kind::online, killed, 15s), "drop ", i);
        }
        auto run = vm.run(Command("true")).outcome();
        REQUIRE(run.wait_for(10s));
        CHECK(run.get().ok());
        CHECK(lab::eventually([&] { return lab::open_descriptors() <= before; }, 15s));
        // One connection: for root, one process of sshd.
        const auto sessions = [&] { return std::stoi(host.exec("pgrep -f '^sshd: root' | wc -l")); };
        CHECK(lab::eventually([&] { return sessions() == 1; }, 15s));
    }
    std::printf("  %d drops; descriptors before %d, after %d\n", drops, before, lab::open_descriptors());
}
