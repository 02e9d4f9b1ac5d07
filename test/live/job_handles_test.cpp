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
