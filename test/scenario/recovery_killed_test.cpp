// SPDX-License-Identifier: Apache-2.0
// Who climbs is killed, and the next goes on.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "lost.hpp"

namespace vmc::test {

TEST_CASE("whoever is killed at any point of an incident, the next goes on: no step twice, the log is whole") {
    int killed = 0, acted = 0;
    for (Duration at = 50ms; at < 8min; at += at < 20s ? 230ms : 7s) {
        CAPTURE(at);
        Lost s;
        s.host.power_off();
        const auto first = s.world.start(s.climb(RecoveryPolicy()));
        s.world.run_for(at);
        const bool over = first.done();
        s.world.stop_tasks();
        ++killed;
        s.world.run(s.link->close());
        s.link = s.make_link();
        const auto orders = s.power.orders().size();
        acted += orders > 0 ? 1 : 0;
        const auto done = s.recover();
        CAPTURE(s.world.story().text());
        // One that was killed while its order was under way may have been obeyed or not: who comes next looks.
        CHECK(s.power.orders().size() == 1);
        CHECK((done.recovered || orders == 1));
        std::set<std::string> rungs;
        const auto incident = s.incident();
        for (const auto& step : incident.steps()) CHECK(rungs.insert(std::string(slug(step.rung))).second);
        const auto log = s.world.store().read(model::incident_log_name);
        REQUIRE((*log).has_value());
        CHECK((*log)->ends_with("\"}\n"));
        if (over) break;
    }
    MESSAGE(killed << " killed, " << acted << " of them after their order");
}

TEST_CASE(
    "whoever is killed between off and on leaves no VM off: the next switches it on, and cycles it no second time") {
    const auto policy = RecoveryPolicy::lab();
    Lost whole;
    whole.host.panic();
    const auto began = whole.world.now();
    REQUIRE(whole.recover(policy).recovered);
    REQUIRE(whole.power.orders().size() == 3);
    REQUIRE(whole.power.orders()[1].action == PowerAction::off);
    const Duration off_at = whole.power.orders()[1].at - began;
    int killed = 0, left_off = 0;
    for (Duration at = off_at - 100ms; at < off_at + 600ms; at += 10ms) {
        CAPTURE(at);
        Lost s;
        s.host.panic();
        const auto first = s.world.start(s.climb(policy));
        s.world.run_for(at);
        s.world.stop_tasks();
        ++killed;
        left_off += s.host.has_power() ? 0 : 1;
        s.world.run(s.link->close());
        s.link = s.make_link();
        const auto done = s.recover(policy);
        CAPTURE(s.world.story().text());
        const auto offs = std::ranges::count(s.power.orders(), PowerAction::off, &SimPowerSwitch::Order::action);
        CHECK(offs <= 1);
        CHECK(s.host.has_power());
        // An order that was not obeyed was given all the same: a person is asked for.
        CHECK((done.recovered || (offs == 1 && s.host.boots() == 1)));
    }
    CHECK(left_off > 0);
    MESSAGE(killed << " killed, " << left_off << " of them with the VM off");
}

}  // namespace vmc::test
