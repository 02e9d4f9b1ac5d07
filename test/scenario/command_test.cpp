// SPDX-License-Identifier: Apache-2.0
// What becomes of one command.
#include <doctest/doctest.h>

#include "scenario.hpp"

namespace vmc::test {

using namespace std::chrono_literals;

TEST_CASE("output, streams and exit code arrive as they were written") {
    Scenario s;
    REQUIRE(s.online());
    auto& job = s.finish(Command("printf 'a\\0b'; echo oops >&2; exit 300"));
    CHECK(job.out() == std::string("a\0b", 3));
    CHECK(job.sink.err == "oops\n");
    CHECK(job.outcome->slug() == "exited");
    CHECK(job.outcome->stdout_bytes == 3);
    CHECK(job.outcome->stderr_bytes == 5);
    CHECK(s.finish(Command("kill -SEGV $$")).outcome->signal() == "SEGV");
}

TEST_CASE("a child that keeps the output open holds us two seconds, not longer") {
    Scenario s;
    REQUIRE(s.online());
    auto& job = s.finish(Command("sleep 30 & echo hi"));
    REQUIRE(job.outcome->as<Exited>());
    CHECK(job.outcome->as<Exited>()->output_open);
    CHECK(job.out() == "hi\n");
    CHECK(job.took() <= 3s);
}

TEST_CASE("a command that is over its time is ended on the machine") {
    for (const char* line : {"sleep 100", "trap '' TERM; sleep 100"}) {
        for (const bool root : {false, true}) {
            CAPTURE(line);
            CAPTURE(root);
            Target target("web-1");
            if (root) target.user("root").key("key");
            Scenario s(1, target);
            REQUIRE(s.online());
            auto& job = s.finish(Command(line).within(5s));
            REQUIRE(job.outcome->as<TimedOut>());
            CHECK(job.outcome->as<TimedOut>()->killed == Known::yes);
            CHECK(job.took() >= 5s);
            CHECK(job.took() <= 9s);
            CHECK(s.host.running() == 0);
        }
    }
}

TEST_CASE("only the command that is over its time is ended") {
    Scenario s;
    REQUIRE(s.online());
    auto& first = s.run(Command("sleep 60; exit 1"));
    auto& doomed = s.run(Command("trap '' TERM; sleep 60").within(5s));
    auto& third = s.run(Command("sleep 60; exit 3"));
    REQUIRE(s.until_done(doomed));
    CHECK(doomed.outcome->slug() == "timed_out");
    REQUIRE(s.until_done(first));
    REQUIRE(s.until_done(third));
    CHECK(first.outcome->exit_code() == 1);
    CHECK(third.outcome->exit_code() == 3);
}

TEST_CASE("a command that begins while another is being ended is never taken for it") {
    // The doomed one ends by itself about when we come to end it, and the innocent one takes its place.
    for (auto ends_after = 1000ms; ends_after <= 1600ms; ends_after += 30ms) {
        for (auto begins_after = 1000ms; begins_after <= 1500ms; begins_after += 50ms) {
            CAPTURE(ends_after.count());
            CAPTURE(begins_after.count());
            Target target("web-1");
            target.user("root").key("key");  // sshd passes root no signals: a script has to find the process
            Scenario s(1, target);
            s.host.path.latency = 50ms;
            REQUIRE(s.online());
            s.world.run_for(5s);
            s.run(Command("sleep " + std::to_string(static_cast<double>(ends_after.count()) / 1000)).within(1s));
            s.world.run_for(begins_after);
            auto& innocent = s.finish(Command("sleep 5; exit 9"));
            CHECK(innocent.outcome->exit_code() == 9);
        }
    }
}

TEST_CASE("a deadline holds whatever happens to the machine") {
    const auto faults = {sim::Fault::drop_both(1s, 1h), sim::Fault::drop_in(1s, 1h),  sim::Fault::drop_out(1s, 1h),
                         sim::Fault::pause(1s, 1h),     sim::Fault::freeze(1s, 1h),   sim::Fault::power_off(1s),
                         sim::Fault::reboot(1s, 30min), sim::Fault::sshd_stop(1s, 1h)};
    for (const auto& fault : faults) {
        CAPTURE(fault.line());
        Scenario s;
        REQUIRE(s.online());
        fault.plan(s.host);
        auto& job = s.run(Command("sleep 100").within(10s));
        REQUIRE(s.until_done(job));
        CHECK(job.took() >= 10s);
        CHECK(job.took() <= 30s);
        CHECK(job.outcome->slug() == "timed_out");
    }
}

TEST_CASE("a command that cannot be sent in time is refused, and never runs") {
    Scenario s;
    REQUIRE(s.online());
    sim::Fault::power_off(0s, 5min).plan(s.host);
    s.world.run_for(30s);
    auto& job = s.finish(Command("echo too late").within(5s));
    CHECK(job.outcome->slug() == "refused");
    CHECK(job.outcome->may_have_run() == Known::no);
    CHECK(job.took() <= 10s);
    s.world.run_for(30min);
    CHECK(s.host.times_ran("echo too late") == 0);
}

TEST_CASE("a deadline between a request and its answer still ends the command on the machine") {
    Scenario s;
    s.host.path.latency = 50ms;
    REQUIRE(s.online());
    // The channel is open after 100 ms, the command runs from 150 ms on, we hear of it at 200 ms.
    auto& job = s.finish(Command("sleep 100").within(170ms));
    REQUIRE(job.outcome->as<TimedOut>());
    CHECK(job.outcome->as<TimedOut>()->killed == Known::yes);
    CHECK(job.took() < 3s);
    CHECK(s.host.running() == 0);
    CHECK(s.is_online());
}

TEST_CASE("a request that is given up unanswered is unknown to have run, and so is its neighbour's") {
    for (const bool arrives : {true, false}) {
        Scenario s;
        s.host.path.latency = 50ms;
        REQUIRE(s.online());
        s.world.run_for(10s);
        auto& first = s.run(Command("echo first").within(10s));
        auto& second = s.run(Command("echo second"));
        // Both requests leave after 100 ms; then nothing comes back.
        (arrives ? sim::Fault::drop_in(120ms, 10min) : sim::Fault::drop_both(120ms, 10min)).plan(s.host);
        REQUIRE(s.until_done(first));
        REQUIRE(s.until_done(second));
        for (const auto* job : {&first, &second}) {
            CHECK(job->outcome->slug() == "lost");
            CHECK(job->outcome->may_have_run() == Known::unknown);
            CHECK(s.host.times_ran(job->command.line()) == (arrives ? 1 : 0));
        }
    }
}

TEST_CASE("a connection that we give up for one command's sake does not stop the link") {
    Scenario s;
    REQUIRE(s.online());
    s.world.run_for(10s);
    sim::Fault::freeze(0s, 60s).plan(s.host);
    s.world.run_for(1ms);
    auto& job = s.finish(Command("echo x").within(5s));
    CHECK_FALSE(job.outcome->ok());
    s.world.run_for(60s);
    REQUIRE(s.online(10min));
    CHECK(s.finish(Command("echo y")).out() == "y\n");
    CHECK(s.host.times_ran("echo x") == 0);
}

TEST_CASE("a reader that stands still slows the machine, not us, and its deadline still holds") {
    Scenario s;
    REQUIRE(s.online());
    auto& job = s.run(Command("stream 100000000").within(60s), true);
    s.world.run_for(50s);
    CHECK_FALSE(job.done());
    CHECK(s.is_online());
    CHECK(s.host.path.carried() < 1000);
    REQUIRE(s.until_done(job, 1min));
    CHECK(job.outcome->slug() == "timed_out");
    CHECK(job.took() <= 80s);
    CHECK(s.host.running() == 0);
}

TEST_CASE("cancelling a command ends it on the machine and says so") {
    Scenario s;
    REQUIRE(s.online());
    auto& job = s.run(Command("sleep 100"));
    s.world.run_for(5s);
    job.control.cancel();
    REQUIRE(s.until_done(job, 10s));
    CHECK(s.host.running() == 0);
}

TEST_CASE("more commands than a session may carry wait for a place, and all of them run once") {
    Scenario s;
    s.host.max_sessions = 4;
    REQUIRE(s.online());
    for (int i = 0; i < 12; ++i) s.run(Command("sleep 1; echo " + std::to_string(i)));
    s.world.run_for(2min);
    for (int i = 0; i < 12; ++i) {
        const Job& job = *s.jobs[static_cast<std::size_t>(i)];
        REQUIRE(job.done());
        const auto ran = s.host.times_ran("sleep 1; echo " + std::to_string(i));
        CHECK(ran == (job.outcome->slug() == "exited" ? 1 : 0));
        CHECK(job.out() == (ran ? std::to_string(i) + "\n" : ""));
    }
}

TEST_CASE("a restricted shell and a machine that cannot fork are told from a command that failed") {
    Scenario s;
    s.host.forced_words = "This account is currently not available.";
    REQUIRE(s.online());
    CHECK(s.finish(Command("echo x")).outcome->exit_code() == 1);
    CHECK(s.host.ledger().empty());
    sim::Fault::fork_fails(0s, 10s).plan(s.host);
    s.world.run_for(1ms);
    auto& job = s.finish(Command("echo y"));
    CHECK(job.outcome->slug() == "refused");
    CHECK(s.host.times_ran("echo y") == 0);
}

TEST_CASE("a command whose session is killed before it said anything is said to have run only once that is sure") {
    for (const auto& [at, expected] :
         {std::pair(100ms, Known::unknown), std::pair(900ms, Known::unknown), std::pair(10000ms, Known::yes)}) {
        CAPTURE(at);
        Scenario s;
        REQUIRE(s.online());
        sim::Fault::kill_sessions(at).plan(s.host);
        auto& job = s.run(Command("sleep 60"));
        REQUIRE(s.until_done(job));
        REQUIRE(job.outcome->as<Lost>());
        CHECK(job.outcome->may_have_run() == expected);
    }
}

TEST_CASE("a channel that closes without a status is its own answer, never exit code 0 (L29)") {
    Scenario s;
    s.host.says_status = false;
    REQUIRE(s.online());
    auto& job = s.finish(Command("echo done; exit 0"));
    CHECK(job.out() == "done\n");
    CHECK_FALSE(job.outcome->exit_code().has_value());
    REQUIRE(job.outcome->as<Lost>());
    CHECK(job.outcome->why()->code() == Code::no_status);
    CHECK(job.outcome->may_have_run() == Known::yes);
}

TEST_CASE("with the only channel taken, who it is gets known beside it, and health is not called degraded") {
    Scenario s;
    s.host.max_sessions = 1;
    REQUIRE(s.online());
    auto& job = s.run(Command("sleep 60; exit 4"));
    s.world.run_for(10s);
    const auto before = s.world.run(s.link->read_facts(s.world.in(10s)));
    REQUIRE(before.has_value());
    s.host.reboot(1s);
    CHECK(s.world.run_until([&] { return !s.times_of("rebooted: boot id was").empty(); }, 2min));
    REQUIRE(s.until_done(job));
    CHECK(job.outcome->as<Lost>());
    CHECK(job.outcome->boot_id == before->boot_id.text());
}

TEST_CASE("beside a stalled consumer the VM can still be asked") {
    Scenario s;
    REQUIRE(s.online());
    auto& job = s.run(Command("cat /dev/zero"), true);
    s.world.run_for(5s);
    const auto facts = s.world.run(s.link->read_facts(s.world.in(10s)));
    CHECK(facts.has_value());
    job.control.cancel();
    CHECK(s.until_done(job, 1min));
}

TEST_CASE("a command that ended in time is told as it ended, though a child of it holds the output") {
    Scenario s;
    REQUIRE(s.online());
    auto& job = s.finish(Command("sleep 30 & exit 3").within(1500ms));
    REQUIRE(job.outcome->exit_code().has_value());
    CHECK(*job.outcome->exit_code() == 3);
    CHECK(job.outcome->as<Exited>()->output_open);
}

}  // namespace vmc::test
