// SPDX-License-Identifier: Apache-2.0
// Jobs on a real host: each runs once, ends as it ended, and gives every byte once, whatever becomes of
// the connection, the clients and the host.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <random>
#include <thread>

#include "live/job_rig.hpp"

using namespace std::chrono_literals;
using lab::count_in;
using lab::follow;
using lab::Heard;
using lab::noisy;
using lab::numbered;
using lab::uuid;
using vmc::Command;
using vmc::JobRequest;

namespace {

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

TEST_CASE("while its output streams it is known that a job runs, how much there is and when it was last alive") {
    lab::Host host;
    lab::Here here;
    vmc::Vm vm(host.target(), here.loop);
    REQUIRE(vm.connect().get());
    auto job = vm.submit(JobRequest(Command("echo begun; sleep 3; echo error >&2; sleep 1"))).get();
    REQUIRE(job);
    std::vector<vmc::JobStatus> known;
    vmc::FollowOptions options;
    options.knows([&](const vmc::JobStatus& status) { known.push_back(status); });
    std::string out, err;
    auto put = [&](vmc::Stream stream, std::string_view bytes) {
        (stream == vmc::Stream::out ? out : err) += bytes;
        return true;
    };
    const auto end = job->follow(put, std::move(options)).end().get();
    CHECK(end.status.exit_code == 0);
    CHECK(out == "begun\n");
    CHECK(err == "error\n");
    const auto beats = std::ranges::count_if(known, [](const auto& status) {
        return status.state == vmc::JobState::running && status.beat_heard && status.stdout_bytes == 6;
    });
    CHECK(beats >= 4);
    CHECK(beats <= 10);
    CHECK(*known[known.size() - 2].last_beat - *known.front().last_beat >= 2s);
}

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
