// SPDX-License-Identifier: Apache-2.0
// A shell that waits beside each session.
#include <doctest/doctest.h>

#include "scenario.hpp"

namespace vmc::test {

using namespace std::chrono_literals;

namespace {

/// One that is online, with its shell; signals do nothing there, so commands are ended by their place among the others.
class Kept : public Scenario {
public:
    explicit Kept(int max_sessions = 10) : Scenario(1, Target("web-1").rescue_shell(true)) {
        host.obeys_signals = false;
        host.max_sessions = max_sessions;
        REQUIRE(online());
        world.run_for(5s);
    }
    bool comes_back() {
        return world.run_until([this] { return link->has_rescue(); }, 2min);
    }
    /// Whether the command was ended, and no other.
    void ends_the_right_one() {
        auto& before = run(Command("sleep 60"));
        auto& ends = run(Command("sleep 100").within(5s));
        auto& after = run(Command("sleep 60"));
        REQUIRE(until_done(ends));
        REQUIRE(ends.outcome->slug() == "timed_out");
        CHECK(std::get<TimedOut>(ends.outcome->ending()).killed == Known::yes);
        CHECK(until_done(before));
        CHECK(until_done(after));
        CHECK(before.outcome->exit_code() == 0);
        CHECK(after.outcome->exit_code() == 0);
    }
};

}  // namespace

TEST_CASE("the shell that is kept ready is no command: a timeout beside it ends the right one") {
    Kept s;
    CHECK(s.link->has_rescue());
    s.ends_the_right_one();
}

TEST_CASE("a shell that was kept ready and ended is noticed, and another takes its place") {
    Kept s;
    REQUIRE(s.link->has_rescue());
    for (sim::Process* process : s.host.processes()) process->signal("KILL");
    s.world.run_for(1s);
    CHECK(s.comes_back());
    s.ends_the_right_one();
}

TEST_CASE("a question to the shell that nobody waits for any more leaves another one ready") {
    Kept s;
    REQUIRE(s.link->has_rescue());
    s.host.answers = [](sim::SimHost&, const sim::Process&, const std::string& text) -> std::optional<sim::Script> {
        if (text.find("never") == text.npos) return std::nullopt;
        return sim::Script{sim::Step::hang()};
    };
    auto asked = s.world.run(s.link->ask_rescue("never\n", s.world.in(1s)));
    CHECK_FALSE(asked.has_value());
    CHECK_FALSE(s.link->has_rescue());  // the old one may still run, and keeps its place
    s.ends_the_right_one();
}

TEST_CASE("where sshd grants one channel at a time a command gets it, not the shell") {
    Kept s(1);
    for (int i = 0; i < 3; ++i) CHECK(s.finish(Command("exit 3")).outcome->exit_code() == 3);
}

TEST_CASE("a command that is ended while a probe of ours comes or goes is ended all the same") {
    for (auto after = 200ms; after < 500ms; after += 1ms) {
        CAPTURE(after.count());
        Scenario s;
        s.host.obeys_signals = false;
        s.host.path.latency = 5ms;
        REQUIRE(s.online());
        auto& job = s.finish(Command("sleep 1000").within(after));
        REQUIRE(job.outcome->as<TimedOut>() != nullptr);
        CHECK(job.outcome->as<TimedOut>()->killed == Known::yes);
    }
}

TEST_CASE("an old session is let go when a new one has its own shell, and not before") {
    Kept s;
    REQUIRE(s.link->has_rescue());
    sim::Fault::drop_in(0s, 20s).plan(s.host);  // it goes quiet, another one is made when the way is back
    s.world.run_for(2min);
    REQUIRE(s.online());
    CHECK(s.link->wires() == 1);
    CHECK(s.link->has_rescue());
}

}  // namespace vmc::test
