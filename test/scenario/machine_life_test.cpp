// SPDX-License-Identifier: Apache-2.0
// What a simulated machine remembers of its own life, as the facts read on it tell.
#include <doctest/doctest.h>

#include "by_hand.hpp"
#include "model/facts.hpp"

namespace vmc::test {

using namespace std::chrono_literals;

namespace {

class Life {
public:
    Life() { session = hand.connect().value(); }
    /// Over a session made for it.
    BootRecord read() {
        auto fresh = hand.connect(1min).value();
        const std::string nonce(16, 'b');
        auto channel = hand.world.run(fresh->exec("exec /bin/sh -s", std::nullopt, never)).value();
        hand.world.run(channel->write(model::facts_script(nonce)));
        hand.world.run(channel->send_eof());
        const auto facts = model::parse_facts(hand.world.run(listen(*channel)).out, nonce);
        REQUIRE(facts.has_value());
        auto record = facts->record(hand.world.clock().wall_now());
        record.identity.host_key = fresh->facts().host_key;
        return record;
    }
    /// From a reading before to one after, ten minutes later.
    BootChange change(const sim::Fault& fault) {
        const BootRecord before = read();
        fault.plan(hand.host);
        hand.world.run_for(10min);
        session->send_keepalive();
        hand.world.run_for(2min);
        return compare(before, read());
    }
    Hand hand;
    std::unique_ptr<port::Session> session;
};

}  // namespace

TEST_CASE("a machine tells kexec, soft reboot, snapshot and clone apart, and forgets its sessions in each") {
    const std::pair<sim::Fault, BootChange> changes[] = {
        {sim::Fault::reboot(0s, 20s), BootChange::reboot},
        {sim::Fault::kexec(0s), BootChange::reboot},
        {sim::Fault::soft_reboot(0s), BootChange::soft_reboot},
        {sim::Fault::snapshot_revert(0s, 15min), BootChange::snapshot_revert}};
    for (const auto& [fault, expected] : changes) {
        CAPTURE(fault.line());
        Life life;
        CHECK(slug(life.change(fault)) == slug(expected));
        CHECK_FALSE(life.session->alive());
    }
    Life clone;
    CHECK(slug(clone.change(sim::Fault::become_clone(0s))) != slug(BootChange::none));
}

TEST_CASE("a paused machine does not count the time, and its sessions go on") {
    Life life;
    const Duration before = life.hand.host.uptime();
    CHECK(slug(life.change(sim::Fault::pause(0s, 5min))) == slug(BootChange::none));
    CHECK(life.session->alive());
    const Duration passed = life.hand.world.now().time_since_epoch();
    CHECK(std::chrono::abs(life.hand.host.uptime() - before - (passed - 5min)) < 1s);
}

TEST_CASE("a panicked machine stays dead until its power is cycled") {
    Life life;
    sim::Fault::panic(0s).plan(life.hand.host);
    life.hand.world.run_for(10min);
    CHECK_FALSE(life.hand.host.up());
    life.hand.host.power_on();
    life.hand.world.run_for(1min);
    CHECK_FALSE(life.hand.host.up());
    life.hand.host.power_off();
    life.hand.host.power_on();
    life.hand.world.run_for(1min);
    CHECK(life.hand.host.serves());
    CHECK(life.hand.host.boots() == 2);
}

}  // namespace vmc::test
