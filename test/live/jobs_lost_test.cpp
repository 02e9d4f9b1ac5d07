// SPDX-License-Identifier: Apache-2.0
// Jobs whose sshd, VM or quota of sessions goes away under them.
#include <doctest/doctest.h>

#include <thread>

#include "live/job_rig.hpp"

using namespace std::chrono_literals;
using lab::count_in;
using lab::follow;
using lab::Heard;
using lab::noisy;
using lab::numbered;
using vmc::Command;
using vmc::JobRequest;
using vmc::JobState;

TEST_CASE("a job does not notice that every sshd is killed, and its follower comes back for the rest") {
    lab::Host host;
    lab::Here here;
    vmc::Vm vm(host.target(), here.loop);
    REQUIRE(vm.connect().get());
    auto job = vm.submit(JobRequest(Command(noisy("sshd", 8000, 40, 9)))).get();
    REQUIRE(job);
    std::thread killer([&] {
        for (int i = 0; i < 3; ++i) {
            std::this_thread::sleep_for(800ms);
            host.sshd("kill-sessions");
        }
    });
    const auto heard = follow(*job);
    killer.join();
    CHECK(heard.end.status.exit_code == 9);
    CHECK(heard.out == numbered(8000, "out"));
    CHECK(heard.err == numbered(8000, "err"));
    CHECK(heard.end.reconnects >= 1);
    CHECK(count_in(host.ledger, "sshd") == 1);
}

TEST_CASE("a reboot interrupts a job, and that is said with what it had printed") {
    lab::Host host;
    lab::Here here;
    vmc::Vm vm(host.target(), here.loop);
    REQUIRE(vm.connect().get());
    auto job = vm.submit(JobRequest(Command("echo begun; sleep 60; echo never")));
    auto begun = job.get();
    REQUIRE(begun);
    vmc::WallTime before, after;
    std::thread rebooter([&] {
        std::this_thread::sleep_for(4s);
        before = std::chrono::floor<vmc::WallTime::duration>(std::chrono::system_clock::now());
        host.reboot();
        after = std::chrono::floor<vmc::WallTime::duration>(std::chrono::system_clock::now());
    });
    const auto heard = follow(*begun);
    rebooter.join();
    CHECK(heard.end.status.state == JobState::interrupted);
    CHECK(heard.out == "begun\n");
    const auto& status = heard.end.status;
    REQUIRE(status.ended_at);
    CHECK(status.beat_heard);
    CHECK(*status.ended_at <= after);
    CHECK(before - *status.ended_at <= 2s);
    // Who did not follow knows only what the disk has kept.
    const auto kept = begun->status().get();
    REQUIRE(kept);
    CHECK_FALSE(kept->beat_heard);
    CHECK(kept->ended_at.value_or(vmc::WallTime()) < *status.ended_at);
}

TEST_CASE("of two who follow a job through reboots both see it to its end, whoever enters it again") {
    lab::Host host;
    lab::Here here, there;
    vmc::Vm vm(host.target(), here.loop), other(host.target(), there.loop);
    REQUIRE(vm.connect().get());
    REQUIRE(other.connect().get());
    const std::string line = "echo $VMC_REBOOT_COUNT | tee -a /ledger; [ $VMC_REBOOT_COUNT -lt 3 ] || exit 5; sleep 60";
    auto job = vm.submit(JobRequest(Command(line)).on_reboot(vmc::OnReboot::resume, 3)).get();
    REQUIRE(job);
    auto same = other.job(job->id());
    Heard one, two;
    std::thread first([&] { one = follow(*job); });
    std::thread second([&] { two = follow(same); });
    for (const auto* number : {"0", "1", "2"}) {
        for (int i = 0; i < 600 && count_in(host.ledger, number) == 0; ++i) std::this_thread::sleep_for(50ms);
        host.reboot();
    }
    first.join();
    second.join();
    for (const auto& heard : {one, two}) {
        CHECK(heard.end.status.exit_code == 5);
        CHECK(heard.end.status.reboots == 3);
    }
    for (const auto* number : {"0", "1", "2", "3"}) CHECK(count_in(host.ledger, number) == 1);
}

TEST_CASE("a job that may be entered again goes through three reboots to its end") {
    lab::Host host;
    lab::Here here;
    vmc::Vm vm(host.target(), here.loop);
    REQUIRE(vm.connect().get());
    const std::string line =
        "echo $VMC_REBOOT_COUNT >>/ledger; echo entered $VMC_REBOOT_COUNT mark $(cat \"$VMC_MARK_FILE\"); "
        "echo $VMC_REBOOT_COUNT >\"$VMC_MARK_FILE\"; sync; "
        "[ $VMC_REBOOT_COUNT -lt 3 ] || exit 5; echo ready; sleep 60";
    auto job = vm.submit(JobRequest(Command(line)).on_reboot(vmc::OnReboot::resume, 3)).get();
    REQUIRE(job);
    std::string out;
    std::mutex mutex;
    auto followed = job->follow([&](vmc::Stream stream, std::string_view bytes) {
        std::lock_guard lock(mutex);
        if (stream == vmc::Stream::out) out += bytes;
        return true;
    });
    auto seen = [&](int times) {
        std::lock_guard lock(mutex);
        int count = 0;
        for (auto at = out.find("ready"); at != out.npos; at = out.find("ready", at + 1)) ++count;
        return count >= times;
    };
    for (int reboot = 1; reboot <= 3; ++reboot) {
        REQUIRE(lab::eventually([&] { return seen(reboot); }, 30s));
        host.reboot();
    }
    const auto end = followed.end().get();
    CHECK(end.status.exit_code == 5);
    CHECK(end.status.reboots == 3);
    CHECK(out == "entered 0 mark\nready\nentered 1 mark 0\nready\nentered 2 mark 1\nready\nentered 3 mark 2\n");
    for (const char* count : {"0", "1", "2", "3"}) CHECK(count_in(host.ledger, count) == 1);
}

TEST_CASE("a hundred jobs at once on a host that allows ten sessions all end and are all followed") {
    constexpr int count = 100;
    lab::Host host("--sshd-option 'MaxSessions 10'");
    lab::Here here;
    vmc::Vm vm(host.target(), here.loop);
    REQUIRE(vm.connect().get());
    std::vector<vmc::Task<vmc::Result<vmc::Job>>> submitted;
    submitted.reserve(count);
    for (int i = 0; i < count; ++i) submitted.push_back(vm.submit(JobRequest(Command(noisy("many", 800, 8, i))), 5min));
    std::vector<std::thread> followers;
    std::vector<Heard> heard(count);
    for (int i = 0; i < count; ++i) {
        auto job = submitted[static_cast<std::size_t>(i)].get();
        REQUIRE_MESSAGE(job.has_value(), i, ": ", job ? "" : job.error().line());
        followers.emplace_back([&heard, i, job = *job] { heard[static_cast<std::size_t>(i)] = follow(job, 5min); });
    }
    for (auto& follower : followers) follower.join();
    int reconnects = 0;
    for (int i = 0; i < count; ++i) {
        const auto& one = heard[static_cast<std::size_t>(i)];
        INFO(i, ": ", one.end.status.line());
        CHECK(one.end.status.exit_code == i);
        const bool whole = one.out == numbered(800, "out") && one.err == numbered(800, "err");
        CHECK(whole);
        reconnects += one.end.reconnects;
    }
    CHECK(count_in(host.ledger, "many") == count);
    CHECK(reconnects == 0);
}
