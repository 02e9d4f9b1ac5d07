// SPDX-License-Identifier: Apache-2.0
// What a machine holds against our address, and that a link never comes to feel it.
#include <doctest/doctest.h>

#include "by_hand.hpp"
#include "scenario.hpp"
#include "sim/sshd.hpp"

namespace vmc::test {

using namespace std::chrono_literals;

namespace {

/// A client that leaves before it has logged in.
void knock(Hand& hand) {
    const auto tcp = hand.world.network().connection(hand.host.address(), 22);
    tcp->dial();
    hand.world.run_for(10ms);
    tcp->client.finish();
    hand.world.run_for(10ms);
}
Error denied(Hand& hand) {
    auto met = hand.connect();
    hand.world.run_for(10ms);
    return met ? Error(Code::bad_request, Stage::none, "connected") : met.error();
}

/// Both, as many a server has them.
class GuardedHost : public Scenario {
public:
    GuardedHost() { host.source_penalties = host.fail2ban = true; }
};

}  // namespace

TEST_CASE("sshd penalises the fourth denied login in a burst, and for as long as all four weigh") {
    Hand hand;
    hand.host.source_penalties = true;
    auto old_session = hand.connect();
    sim::Fault::deny(0s, 10s).plan(hand.host);
    hand.world.run_for(1ms);
    for (int i = 0; i < 4; ++i) {
        CHECK(denied(hand).code() == Code::auth_denied);
        CHECK(hand.host.gatekeeper().banned() == (i < 3 ? 0 : 1));
    }
    const Error refused = denied(hand);
    CHECK(refused.code() == Code::throttled);
    CHECK(refused.peer_words() == "Not allowed at this time\r\n");
    CHECK(hand.run(**old_session, "echo still here").out == "still here\n");
    hand.world.run_for(18s);
    CHECK(denied(hand).code() == Code::throttled);  // being turned away adds nothing
    hand.world.run_for(3s);
    CHECK(hand.connect().has_value());
    CHECK(hand.host.gatekeeper().penalised() == 1);
}

TEST_CASE("sshd forgives who knocks once a second, not who does it sixteen times at once") {
    Hand hand;
    hand.host.source_penalties = true;
    for (int i = 0; i < 60; ++i) {
        knock(hand);
        hand.world.run_for(1s);
    }
    CHECK(hand.host.gatekeeper().banned() == 0);
    for (int i = 0; i < 17; ++i) knock(hand);
    CHECK(hand.host.gatekeeper().banned() == 1);
    hand.host.gatekeeper().met(sim::Gatekeeper::Offence::crash);
    hand.world.run_for(100s);
    CHECK(denied(hand).code() == Code::throttled);
    for (int i = 0; i < 20; ++i) hand.host.gatekeeper().met(sim::Gatekeeper::Offence::crash);
    hand.world.run_for(10min + 1s);  // the most there is
    CHECK(hand.connect().has_value());
}

TEST_CASE("a login that is not done in time costs ten seconds") {
    Hand hand;
    hand.host.source_penalties = true;
    auto silent = hand.world.network().connection(hand.host.address(), 22);
    silent->dial();
    hand.world.run_for(119s);
    CHECK(hand.host.sshd().unauthenticated() == 1);
    hand.world.run_for(2s);
    CHECK(hand.host.sshd().unauthenticated() == 0);
    hand.host.gatekeeper().met(sim::Gatekeeper::Offence::authfail);
    CHECK(hand.host.gatekeeper().banned() == 0);
    hand.host.gatekeeper().met(sim::Gatekeeper::Offence::authfail);
    CHECK(hand.host.gatekeeper().banned() == 1);
}

TEST_CASE("fail2ban swallows the ssh port for ten minutes after five connections that came to no login") {
    Hand hand;
    hand.host.fail2ban = true;
    auto old_session = hand.connect();
    for (int i = 0; i < 4; ++i) knock(hand);
    hand.world.run_for(10min);
    for (int i = 0; i < 4; ++i) knock(hand);  // the first four are forgotten
    CHECK(hand.connect().has_value());
    CHECK(hand.host.gatekeeper().banned() == 0);
    knock(hand);
    CHECK(hand.host.gatekeeper().jailed() == 1);
    CHECK(denied(hand).stage() == Stage::tcp);
    auto answer = hand.world.start(run_line(**old_session, "echo held up"));
    hand.world.run_for(9min);
    CHECK_FALSE(answer.done());
    hand.world.run_for(3min);
    CHECK(hand.connect().has_value());
    CHECK(answer.done());
}

TEST_CASE("who came and went while sshd hung is counted when it wakes up") {
    Hand hand;
    hand.host.fail2ban = true;
    sim::Fault::sshd_freeze(0s, 1h).plan(hand.host);
    hand.world.run_for(1s);
    for (int i = 0; i < 5; ++i) {
        knock(hand);
        hand.world.run_for(11min);
    }
    CHECK(hand.host.gatekeeper().banned() == 0);
    hand.world.run_for(10min);
    CHECK(hand.host.gatekeeper().jailed() == 1);
}

TEST_CASE("a link is never banned for what it does while a machine is unwell for eight minutes") {
    const sim::Fault faults[] = {
        sim::Fault::drop_both(0s, 8min),   sim::Fault::drop_in(0s, 8min),   sim::Fault::drop_out(0s, 8min),
        sim::Fault::sshd_freeze(0s, 8min), sim::Fault::sshd_stop(0s, 8min), sim::Fault::freeze(0s, 8min),
        sim::Fault::pause(0s, 8min),       sim::Fault::throttle(0s, 8min),  sim::Fault::deny(0s, 8min),
        sim::Fault::fork_fails(0s, 8min),  sim::Fault::hang_exec(0s, 8min), sim::Fault::lose_big(0s, 8min),
        sim::Fault::reboot(0s, 5min),      sim::Fault::new_host_key(0s),    sim::Fault::swallow_port(0s, 8min)};
    for (const bool session_lost : {false, true}) {
        for (const auto& fault : faults) {
            CAPTURE(fault.line());
            CAPTURE(session_lost);
            GuardedHost s;
            REQUIRE(s.online());
            s.world.run_for(10s);
            fault.plan(s.host);
            if (session_lost) sim::Fault::rst(1ms).plan(s.host);
            s.world.run_for(30min);
            CHECK(s.host.gatekeeper().banned() == 0);
        }
    }
}

}  // namespace vmc::test
