// SPDX-License-Identifier: Apache-2.0
// What a handle to a job promises when there is no such job, when it lives elsewhere, and when nobody answers.
#include <doctest/doctest.h>

#include "live/job_rig.hpp"

using namespace std::chrono_literals;
using lab::follow;
using vmc::Command;
using vmc::JobRequest;
using vmc::JobState;

TEST_CASE("the status of a job that does not exist fails with no such job, and so it does after its removal") {
    lab::Host host;
    lab::Here here;
    vmc::Vm vm(host.target(), here.loop);
    REQUIRE(vm.connect().get());
    const auto nobody = vm.job("123e4567-e89b-42d3-a456-426614174000").status().get();
    REQUIRE_FALSE(nobody);
    CHECK(nobody.error().code() == vmc::Code::declined);
    CHECK(nobody.error().line().find("no such job") != std::string::npos);
    CHECK_FALSE(vm.job("nobody").status().get());

    auto job = vm.submit(JobRequest(Command("exit 3")));
    auto begun = job.get();
    REQUIRE(begun);
    CHECK(follow(*begun).end.status.exit_code == 3);
    REQUIRE(begun->remove().get());
    const auto removed = begun->status().get();
    REQUIRE_FALSE(removed);
    CHECK(removed.error().line().find("no such job") != std::string::npos);
    CHECK(removed.error().line().find("given up") == std::string::npos);
    const auto heard = follow(*begun);
    REQUIRE(heard.end.gave_up);
    CHECK(heard.end.gave_up->line().find("no such job") != std::string::npos);
}

TEST_CASE("jobs of several directories are each found in their own, whichever was asked for last") {
    lab::Host host;
    lab::Here here;
    vmc::Vm vm(host.target(), here.loop);
    REQUIRE(vm.connect().get());
    const auto submit = [&](const std::string& directory) {
        JobRequest request(Command("echo 'in " + directory + "'"));
        request.name("same").directory(directory);
        auto job = vm.submit(std::move(request)).get();
        REQUIRE(job);
        CHECK(job->directory() == directory);
        return *job;
    };
    const std::vector<std::string> places{"", "/var/one", "/var/two"};
    std::vector<vmc::Job> jobs;
    for (const auto& place : places) jobs.push_back(submit(place));
    for (std::size_t i = 0; i < places.size(); ++i) {
        CHECK(follow(jobs[i]).out == "in " + places[i] + "\n");
        const auto found = vm.jobs(places[i]).get();
        REQUIRE(found);
        REQUIRE(found->size() == 1);
        CHECK(found->front().id == jobs[i].id());
        const auto by_name = vm.job("same", places[i]).status().get();
        REQUIRE(by_name);
        CHECK(by_name->id == jobs[i].id());
    }
    CHECK_FALSE(vm.job(jobs[1].id(), places[2]).status().get());
    CHECK(vm.prune_jobs(vmc::Duration::zero(), 0, places[1]).get()->size() == 1);
    CHECK(jobs[2].status().get());
    CHECK_FALSE(vm.jobs("relative").get());
}

namespace {

/// A job that sleeps on a host of its own, and how long it takes until its follower gives up.
struct Sleeper {
    lab::Host host;
    lab::Here here;
    vmc::Vm vm{host.target(), here.loop};
    std::optional<vmc::Job> job;

    Sleeper() {
        REQUIRE(vm.connect().get());
        JobRequest request(Command("sleep 600"));
        request.name("sleeper");
        auto begun = vm.submit(std::move(request)).get();
        REQUIRE(begun);
        job = *begun;
    }
    double given_up_after(const vmc::Job& which, vmc::Duration lost_after,
                          std::chrono::steady_clock::time_point since) {
        const auto heard = follow(which, lost_after);
        REQUIRE(heard.end.gave_up);
        INFO(heard.end.gave_up->line());
        CHECK_FALSE(heard.end.status.ended());
        return lab::since(since);
    }
};

}  // namespace

TEST_CASE("a follower gives up lost_after after its link fell silent, not when its stream would end by itself") {
    Sleeper s;
    std::thread fault([&] {
        std::this_thread::sleep_for(1s);
        s.host.fault("drop");
    });
    const auto after = s.given_up_after(*s.job, 8s, lab::now() + 1s);
    fault.join();
    CHECK(after >= 8);
    CHECK(after <= 8 + 12);  // silence is noticed within ten
}

TEST_CASE("a follower gives up after lost_after also while there is no link at all, by name too") {
    Sleeper s;
    s.host.off();
    REQUIRE(lab::eventually([&] { return s.vm.state() != "online"; }, 30s));
    for (const auto& job : {*s.job, s.vm.job("sleeper")}) {
        const auto after = s.given_up_after(job, 3s, lab::now());
        CHECK(after >= 2.5);
        CHECK(after <= 6);
    }
}

TEST_CASE("a failed submit names the job, and says whether it may have been started") {
    Sleeper s;
    const std::string id = "123e4567-e89b-42d3-a456-426614174000";
    const auto failing = [&](vmc::Duration within) {
        JobRequest request(Command("echo ran >>/var/ran"));
        request.id(id);
        auto job = s.vm.submit(std::move(request), within).get();
        REQUIRE_FALSE(job);
        INFO(job.error().line());
        CHECK(job.error().line().find(id) != std::string::npos);
        return job.error();
    };
    // It arrives, and takes longer than we wait.
    (void)s.host.exec(
        "mount -t tmpfs none /usr/local/bin; printf '#!/bin/sh\\nsleep 5\\n' >/usr/local/bin/sync; "
        "chmod 755 /usr/local/bin/sync");
    const auto unknown = failing(3s);
    CHECK(unknown.code() == vmc::Code::lost);
    CHECK(unknown.line().find("may have started it") != std::string::npos);
    s.host.fault("drop");
    REQUIRE(lab::eventually([&] { return s.vm.state() != "online"; }, 30s));
    const auto never = failing(2s);
    CHECK(never.code() != vmc::Code::lost);
    CHECK(never.line().find("started nothing") != std::string::npos);
    (void)s.host.exec("rm /usr/local/bin/sync");
    s.host.heal();
    JobRequest again(Command("echo ran >>/var/ran"));
    again.id(id);
    auto job = s.vm.submit(std::move(again)).get();
    REQUIRE(job);
    CHECK(follow(*job).end.status.exit_code == 0);
    CHECK(s.host.exec("cat /var/ran") == "ran\n");
}

TEST_CASE("a handle whose Vm and Loop are gone fails, and harms nobody") {
    lab::Host host;
    auto here = std::make_unique<lab::Here>();
    auto vm = std::make_unique<vmc::Vm>(host.target(), here->loop);
    REQUIRE(vm->connect().get());
    auto job = vm->submit(JobRequest(Command("sleep 600"))).get();
    REQUIRE(job);
    auto followed = job->follow();
    auto run = vm->run(Command("sleep 600"));
    auto status = job->status();
    std::this_thread::sleep_for(500ms);
    vm.reset();
    here.reset();
    followed.stop();
    followed.resume_output();
    run.cancel();
    status.cancel();
    CHECK(followed.end().get().gave_up->code() == vmc::Code::cancelled);
    CHECK(run.outcome().get().slug() == "lost");
    CHECK_THROWS_AS((void)job->status().get(), vmc::TaskCancelled);
    CHECK_THROWS_AS((void)job->cancel().get(), vmc::TaskCancelled);
    CHECK_THROWS_AS((void)job->remove().get(), vmc::TaskCancelled);
    const auto end = job->follow().end().get();
    REQUIRE(end.gave_up);
    CHECK(end.gave_up->code() == vmc::Code::cancelled);
}
