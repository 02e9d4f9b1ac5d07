// SPDX-License-Identifier: Apache-2.0
// Commands on a real host: streams, limits, and ending what runs there.
#include <doctest/doctest.h>

#include <atomic>
#include <cstdio>
#include <mutex>

#include "live/lab.hpp"

using namespace std::chrono_literals;
using vmc::Command;

namespace {

struct CommandsFixture {
    lab::Here here;
    lab::Host host;

    std::unique_ptr<vmc::Vm> online(const std::string& user = "root") {
        auto vm = std::make_unique<vmc::Vm>(host.target(user), here.loop);
        auto up = vm->connect().get();
        REQUIRE_MESSAGE(up.has_value(), (up ? "" : up.error().line()));
        return vm;
    }
    /// Processes on the host whose command line holds the mark.
    int running(const std::string& mark) {
        return std::stoi(
            host.exec("ps -eo args | grep -c '[" + mark.substr(0, 1) + "]" + mark.substr(1) + "' || true"));
    }
};

struct Output {
    std::string out, err;
    vmc::OutputFn fn() {
        return [this](vmc::Stream stream, std::string_view bytes) {
            std::lock_guard lock(mutex);
            (stream == vmc::Stream::out ? out : err) += bytes;
            return true;
        };
    }
    std::mutex mutex;
};

}  // namespace

TEST_CASE_FIXTURE(CommandsFixture, "streams stay apart, bytes stay bytes, and the exit code is the true one") {
    auto vm = online();
    Output output;
    auto outcome =
        vm->run(Command("printf 'a\\000b\\377'; printf 'err\\200' >&2; exit 7"), output.fn()).outcome().get();
    CHECK(outcome.exit_code() == 7);
    CHECK(output.out == std::string("a\0b\377", 4));
    CHECK(output.err == "err\200");
    CHECK(outcome.stdout_bytes == 4);
}

TEST_CASE_FIXTURE(CommandsFixture, "a signal is a signal and not an exit code") {
    auto vm = online("tester");
    auto outcome = vm->run(Command("kill -KILL $$")).outcome().get();
    CHECK(outcome.signal() == "KILL");
    CHECK_FALSE(outcome.exit_code());
}

TEST_CASE_FIXTURE(CommandsFixture, "input arrives whole and ends") {
    auto vm = online();
    Output output;
    const std::string input(300000, 'x');
    auto outcome = vm->run(Command("wc -c").input(input), output.fn()).outcome().get();
    CHECK(outcome.ok());
    CHECK(std::stoi(output.out) == 300000);
}

TEST_CASE_FIXTURE(CommandsFixture, "a child left behind does not hold the command back") {
    auto vm = online();
    Output output;
    const auto begun = lab::now();
    auto outcome = vm->run(Command("sleep 30 & echo hi"), output.fn()).outcome().get();
    std::printf("  sleep 30 & echo hi: %.2f s\n", lab::since(begun));
    CHECK(lab::since(begun) < 4.0);
    REQUIRE(outcome.as<vmc::Exited>());
    CHECK(outcome.as<vmc::Exited>()->output_open);
    CHECK(output.out == "hi\n");
}

TEST_CASE_FIXTURE(CommandsFixture, "a timeout ends the process group on the VM, for an ordinary user and for root") {
    for (const std::string user : {"tester", "root"}) {
        CAPTURE(user);
        auto vm = online(user);
        const auto begun = lab::now();
        auto outcome = vm->run(Command("sleep 4711 | sleep 4711").within(1s)).outcome().get();
        std::printf("  limit 1 s as %s: outcome after %.2f s\n", user.c_str(), lab::since(begun));
        REQUIRE(outcome.as<vmc::TimedOut>());
        CHECK(outcome.as<vmc::TimedOut>()->killed == vmc::Known::yes);
        CHECK(lab::eventually([&] { return running("sleep 4711") == 0; }, 3s));
    }
}

TEST_CASE_FIXTURE(CommandsFixture, "a command that ignores TERM is killed") {
    auto vm = online("tester");
    auto outcome = vm->run(Command("trap '' TERM; while :; do sleep 1; done").within(1s)).outcome().get();
    REQUIRE(outcome.as<vmc::TimedOut>());
    CHECK(outcome.as<vmc::TimedOut>()->killed == vmc::Known::yes);
    CHECK(lab::eventually([&] { return running("trap ''") == 0; }, 3s));
}

TEST_CASE_FIXTURE(CommandsFixture, "a timeout ends the right one of several commands") {
    auto vm = online();
    auto other = vm->run(Command("sleep 4712; echo survived"));
    std::this_thread::sleep_for(300ms);
    auto outcome = vm->run(Command("sleep 4713").within(1s)).outcome().get();
    REQUIRE(outcome.as<vmc::TimedOut>());
    CHECK(outcome.as<vmc::TimedOut>()->killed == vmc::Known::yes);
    CHECK(running("sleep 4712") > 0);
    other.cancel();
    auto cancelled = other.outcome();
    REQUIRE(cancelled.wait_for(10s));
    CHECK(lab::eventually([&] { return running("sleep 4712") == 0; }, 3s));
}

TEST_CASE_FIXTURE(CommandsFixture,
                  "beside a stalled consumer a timeout and a cancel act within a second, in flat memory") {
    auto vm = online();
    const long before = lab::memory_kib();
    auto stalled = [](vmc::Stream, std::string_view) { return false; };
    auto timed = vm->run(Command("yes 4714").within(3s), stalled);
    auto cancelled = vm->run(Command("yes 4715"), stalled);
    std::this_thread::sleep_for(2500ms);
    const auto asked = lab::now();
    cancelled.cancel();
    CHECK(lab::eventually([&] { return running("yes 4714") + running("yes 4715") == 0; }, 5s));
    std::printf("  stalled consumers: both ended %.2f s after cancel, 2 s of limit; memory grew by %ld KiB\n",
                lab::since(asked), lab::memory_kib() - before);
    REQUIRE(timed.outcome().wait_for(15s));
    REQUIRE(cancelled.outcome().wait_for(15s));
    CHECK(timed.outcome().get().as<vmc::TimedOut>());
    CHECK(lab::memory_kib() - before < 32 * 1024);
}

TEST_CASE_FIXTURE(CommandsFixture, "endless output into a slow consumer costs flat memory") {
    auto vm = online();
    const long before = lab::memory_kib();
    const auto limit = lab::tries(6, 30) * 1s;
    std::uint64_t taken = 0;
    long most = 0;
    const auto begun = lab::now();
    auto slow = [&](vmc::Stream, std::string_view bytes) {
        taken += bytes.size();
        most = std::max(most, lab::memory_kib() - before);
        const auto due = begun + lab::Seconds(static_cast<double>(taken) / 1e6);  // 1 MB/s
        std::this_thread::sleep_until(std::chrono::time_point_cast<std::chrono::steady_clock::duration>(due));
    };
    auto outcome = vm->run_here(Command("head -c 10000000000 /dev/zero").within(limit), slow);
    std::printf("  1 MB/s of 10 GB for %.0f s: memory grew by at most %ld KiB\n", lab::since(begun), most);
    CHECK(outcome.as<vmc::TimedOut>());
    CHECK(most < 32 * 1024);
}

TEST_CASE_FIXTURE(CommandsFixture, "many commands at once share one connection and wait their turn") {
    auto vm = online();
    std::vector<vmc::Run> runs;
    for (int i = 0; i < 40; ++i) runs.push_back(vm->run(Command("sleep 0.1; exit " + std::to_string(i))));
    for (int i = 0; i < 40; ++i) {
        auto outcome = runs[static_cast<std::size_t>(i)].outcome();
        REQUIRE(outcome.wait_for(30s));
        CHECK(outcome.get().exit_code() == i);
    }
}

TEST_CASE("a server that allows one session at a time serves them in turn") {
    lab::Here here;
    lab::Host host("--sshd-option 'MaxSessions 1'");
    vmc::Vm vm(host.target(), here.loop);
    REQUIRE(vm.connect().get());
    std::vector<vmc::Run> runs;
    for (int i = 0; i < 4; ++i) runs.push_back(vm.run(Command("sleep 0.2; exit " + std::to_string(i))));
    for (int i = 0; i < 4; ++i) {
        auto outcome = runs[static_cast<std::size_t>(i)].outcome();
        REQUIRE(outcome.wait_for(30s));
        const auto ended = outcome.get();
        CHECK_MESSAGE(ended.exit_code() == i, ended.line());
    }
}
