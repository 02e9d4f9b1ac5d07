// SPDX-License-Identifier: Apache-2.0
// Jobs on a real host: each runs once, ends as it ended, and gives every byte once, whatever becomes of
// the connection, the clients and the host.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <random>
#include <thread>

#include "live/lab.hpp"

using namespace std::chrono_literals;
using vmc::Command;
using vmc::JobRequest;
using vmc::JobState;

namespace {

/// What `noise` prints: numbered lines, so that a gap, a double and a swap are all seen.
std::string numbered(int lines, const std::string& word) {
    std::string text;
    for (int i = 1; i <= lines; ++i) text += word + " " + std::to_string(i) + "\n";
    return text;
}

/// `lines` numbered lines on each stream, in `bursts`, and its id in the ledger.
std::string noisy(const std::string& id, int lines, int bursts, int code) {
    const auto each = std::to_string(lines / bursts);
    return "echo " + id + " >>/ledger; b=0; while [ $b -lt " + std::to_string(bursts) +
           " ]; do seq -f 'out %.0f' $((b*" + each + "+1)) $((b*" + each + "+" + each + ")); seq -f 'err %.0f' $((b*" +
           each + "+1)) $((b*" + each + "+" + each + ")) >&2; b=$((b+1)); sleep 0.1; done; exit " +
           std::to_string(code);
}

int count_in(const std::string& ledger, const std::string& id) {
    std::ifstream in(ledger);
    int count = 0;
    for (std::string line; std::getline(in, line);) count += line == id;
    return count;
}

std::string uuid(std::mt19937_64& chance) {
    char text[37];
    std::snprintf(text, sizeof text, "%08x-%04x-4%03x-8%03x-%012llx", static_cast<unsigned>(chance()),
                  static_cast<unsigned>(chance() & 0xffff), static_cast<unsigned>(chance() & 0xfff),
                  static_cast<unsigned>(chance() & 0xfff),
                  static_cast<unsigned long long>(chance() & 0xffffffffffffULL));
    return text;
}

/// Both streams of one follower.
struct Heard {
    std::string out, err;
    std::vector<std::string> said;
    vmc::JobEnd end;
};

Heard follow(const vmc::Job& job, vmc::Duration lost_after = 60s) {
    Heard heard;
    std::mutex mutex;
    vmc::FollowOptions options;
    options.lost_after(lost_after);
    options.says([&](std::string_view line) {
        std::lock_guard lock(mutex);
        heard.said.emplace_back(line);
    });
    auto put = [&](vmc::Stream stream, std::string_view bytes) {
        (stream == vmc::Stream::out ? heard.out : heard.err) += bytes;
        return true;
    };
    auto followed = job.follow(put, std::move(options));
    heard.end = followed.end().get();
    return heard;
}

struct Trial {
    std::string fault, id, story;
    Heard heard;
    int ran = 0;
    int lines = 0;
    int code = 0;
};

/// Key exchange and login end near 4,000 bytes of ours, a submit near 20,000; a follower reads 150,000 and more.
std::string random_cut(std::mt19937_64& chance) {
    switch (chance() % 4) {
        case 0: return "rst-after " + std::to_string(1000 + chance() % 40000);
        case 1: return "cut-after " + std::to_string(1000 + chance() % 40000);
        case 2: return "cut-reply-after " + std::to_string(1000 + chance() % 20000);
        default: return "cut-reply-after " + std::to_string(1000 + chance() % 300000);
    }
}

Trial one_trial(lab::Here& here, lab::Host& host, std::mt19937_64& chance) {
    Trial trial;
    trial.id = uuid(chance);
    trial.lines = 4000 + static_cast<int>(chance() % 12000) / 8 * 8;
    trial.code = static_cast<int>(chance() % 256);
    trial.fault = random_cut(chance);
    auto target = host.target();
    target.connect_timeout(5s);
    // Half of the cuts are there before the first connection; the others come while it is followed.
    const bool early = chance() % 2 == 0;
    const auto begins = std::chrono::milliseconds(early ? 0 : chance() % 1200);
    const auto until_healed = std::chrono::milliseconds(200 + chance() % 1800);
    if (!early && chance() % 2 == 0) trial.fault = "rst-after 1";
    if (early) host.fault(trial.fault);
    std::thread healer([&] {
        std::this_thread::sleep_for(begins);
        if (!early) host.fault(trial.fault);
        std::this_thread::sleep_for(until_healed);
        host.heal();
    });
    vmc::Vm vm(target, here.loop);
    vm.retry_auth(true);  // a login cut half-way five times in ten minutes would be held back
    // Nobody waits for the connection: what is asked for is asked again until it is there.
    for (int attempt = 0; attempt < 20; ++attempt)
        if (vm.connect().get()) break;
    auto job = vm.submit(JobRequest(Command(noisy(trial.id, trial.lines, 8, trial.code))).id(trial.id), 60s).get();
    if (job) trial.heard = follow(*job);
    else trial.story = job.error().line();
    healer.join();
    trial.ran = count_in(host.ledger, trial.id);
    return trial;
}

void judge(const Trial& trial) {
    INFO(trial.id, " ", trial.fault, " ", trial.story, " ", trial.heard.end.status.line());
    const int each = trial.lines / 8 * 8;
    CHECK(trial.ran == 1);
    CHECK(trial.heard.end.status.exit_code == trial.code);
    CHECK(trial.heard.said.empty() == (trial.heard.end.reconnects == 0));
    const bool out_whole = trial.heard.out == numbered(each, "out");
    const bool err_whole = trial.heard.err == numbered(each, "err");
    CHECK(out_whole);
    CHECK(err_whole);
}

}  // namespace

TEST_CASE("a job runs once and gives every byte once, wherever its connection is cut") {
    const int total = lab::tries(30, 500);
    constexpr int hosts = 5;
    std::mt19937_64 chance(lab::seed("a job runs once and gives every byte once*"));
    std::vector<std::unique_ptr<lab::Host>> all;
    for (int i = 0; i < hosts; ++i) all.push_back(std::make_unique<lab::Host>());
    std::mutex mutex;
    std::vector<Trial> trials;
    std::vector<std::thread> workers;
    for (int h = 0; h < hosts; ++h) {
        workers.emplace_back([&, h, own_seed = chance()] {
            std::mt19937_64 own(own_seed);
            lab::Here here;
            for (int i = h; i < total; i += hosts) {
                auto trial = one_trial(here, *all[static_cast<std::size_t>(h)], own);
                std::lock_guard lock(mutex);
                trials.push_back(std::move(trial));
            }
        });
    }
    for (auto& worker : workers) worker.join();
    std::size_t bytes = 0;
    int reconnects = 0;
    for (const auto& trial : trials) {
        judge(trial);
        bytes += trial.heard.out.size() + trial.heard.err.size();
        reconnects += trial.heard.end.reconnects;
    }
    std::printf("%d cuts, %d of them met a follower, %zu bytes compared, none lost, none twice\n", total, reconnects,
                bytes);
}

TEST_CASE("two clients that submit the same id at once share one job") {
    lab::Host host;
    const int total = lab::tries(15, 100);
    std::mt19937_64 chance(lab::seed("two clients that submit the same id*"));
    lab::Here here;
    lab::Here there;
    vmc::Vm one(host.target(), here.loop);
    vmc::Vm two(host.target(), there.loop);
    REQUIRE(one.connect().get());
    REQUIRE(two.connect().get());
    for (int i = 0; i < total; ++i) {
        const auto id = uuid(chance);
        JobRequest request(Command("echo " + id + " >>/ledger; echo done"));
        request.id(id);
        auto first = one.submit(request);
        auto second = two.submit(request);
        auto a = first.get();
        auto b = second.get();
        REQUIRE(a);
        REQUIRE(b);
        CHECK(follow(*a).out == "done\n");
        CHECK(follow(*b).out == "done\n");
        CHECK(count_in(host.ledger, id) == 1);
    }
    std::printf("%d pairs, each ran once\n", total);
}

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
    std::thread rebooter([&] {
        std::this_thread::sleep_for(1500ms);
        host.reboot();
    });
    const auto heard = follow(*begun);
    rebooter.join();
    CHECK(heard.end.status.state == JobState::interrupted);
    CHECK(heard.out == "begun\n");
    CHECK(heard.end.status.last_beat.has_value());
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
