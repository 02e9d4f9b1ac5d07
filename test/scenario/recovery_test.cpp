// SPDX-License-Identifier: Apache-2.0
// Brought back by the gentlest step that helps; never twice, never against a VM that is well.
#include <doctest/doctest.h>

#include "lost.hpp"
#include "model/power_log.hpp"
#include "recovery/power.hpp"

namespace vmc::test {

TEST_CASE("a full process table is freed through the shell that was kept ready, once and once more") {
    Lost s(SimPowerSwitch::Flaw::none, 1, Target("web-1").rescue_shell(true));
    for (const auto trouble : {Trouble::fork_fails, Trouble::shell_fork_fails}) {
        Fault::sickness(trouble, 0s, never_ending).plan(s.host);
        s.world.run_for(1s);
        const auto done = s.recover();
        CAPTURE(s.world.story().text());
        CHECK(done.recovered);
        CHECK(s.rungs(done) == Rungs{Rung::repair});
        CHECK(s.host.boots() == 1);
        CHECK(s.power.orders().empty());
        s.world.run_for(10s);
    }
}

TEST_CASE("without a shell that was kept ready a full process table is left alone, and no power is cut") {
    Lost s;
    Fault::fork_fails(0s, never_ending).plan(s.host);
    s.world.run_for(1s);
    const auto done = s.recover(RecoveryPolicy().within(10min));
    CAPTURE(s.world.story().text());
    CHECK_FALSE(done.recovered);
    CHECK(s.rungs(done).empty());
    CHECK(s.power.orders().empty());
}

TEST_CASE("a dead sshd is started through the session that is left, and nothing is rebooted") {
    for (const auto& fault : {Fault::sshd_stop(0s, never_ending), Fault::sshd_freeze(0s, never_ending)}) {
        Lost s;
        fault.plan(s.host);
        s.world.run_for(1s);
        const auto done = s.recover();
        CAPTURE(s.world.story().text());
        CHECK(done.recovered);
        CHECK(s.rungs(done) == Rungs{Rung::repair});
        CHECK(s.host.boots() == 1);
        CHECK(s.power.orders().empty());
        CHECK(done.down.has_value());
        CHECK(s.incident().state() == model::Incident::State::none);
    }
}

TEST_CASE("a VM that is off is switched on at once: that is proof, and no silence to wait for") {
    Lost s;
    s.host.power_off();
    s.world.run_for(1s);
    const auto done = s.recover();
    CAPTURE(s.world.story().text());
    REQUIRE(done.recovered);
    CHECK(s.rungs(done) == Rungs{Rung::power_cycle});
    REQUIRE(s.power.orders().size() == 1);
    CHECK(s.power.orders()[0].action == PowerAction::on);
    CHECK(s.power.orders()[0].at - s.began < 1min);
    REQUIRE(done.boot.has_value());
    CHECK(is_new_life(done.boot->change));
}

TEST_CASE("a silent VM is left alone for five minutes, then its power is cycled once") {
    Lost s;
    Fault::panic(0s).plan(s.host);
    s.world.run_for(1s);
    const auto done = s.recover(RecoveryPolicy().up_to(Rung::power_cycle));
    CAPTURE(s.world.story().text());
    REQUIRE(done.recovered);
    CHECK(s.power.orders().front().at - s.began >= 5min);
    CHECK(s.power.orders().front().at - s.began < 7min);
    // Its hypervisor's NMI first, where there is one: its kernel is dead, and hears none.
    CHECK(s.rungs(done).back() == Rung::power_cycle);
    for (const auto& order : s.power.orders()) CHECK_FALSE(order.up);
}

TEST_CASE("the lab profile shortens the silence, and nothing else") {
    Lost s;
    Fault::panic(0s).plan(s.host);
    s.world.run_for(1s);
    const auto done = s.recover(RecoveryPolicy::lab());
    CAPTURE(s.world.story().text());
    REQUIRE(done.recovered);
    CHECK(s.power.orders().front().at - s.began >= 15s);
    CHECK(s.power.orders().front().at - s.began < 2min);
}

TEST_CASE("a VM that is paused is nobody's to reset") {
    Lost s;
    s.host.begin(Trouble::paused);
    s.world.run_for(1s);
    const auto done = s.recover();
    CHECK_FALSE(done.recovered);
    CHECK(done.reason.find("paused") != std::string::npos);
    CHECK(s.power.orders().empty());
    CHECK(s.host.boots() == 1);
}

TEST_CASE("what another boot would not mend, and what may be another machine, is left to a person") {
    const auto give_up = [](const auto& begin, const char* why) {
        Lost s;
        begin(s);
        s.world.run_for(1s);
        const auto done = s.recover(RecoveryPolicy().within(10min));
        CAPTURE(s.world.story().text());
        CHECK_FALSE(done.recovered);
        CHECK(done.reason.find(why) != std::string::npos);
        CHECK(s.power.orders().empty());
        CHECK(s.host.boots() == 1);
    };
    give_up([](Lost& s) { s.host.begin(Trouble::disk_full); }, "disk-full");
    give_up(
        [](Lost& s) {
            s.host.begin(Trouble::login_denied);
            s.host.kill_sessions();
        },
        "auth-denied");
    give_up(
        [](Lost& s) {
            s.host.new_identity();
            s.host.kill_sessions();
        },
        "another machine");
}

TEST_CASE("an illness of its kernel is ended by an orderly reboot, once in an incident") {
    Lost s;
    s.host.begin(Trouble::root_read_only);
    s.world.run_for(1s);
    const auto done = s.recover();
    CAPTURE(s.world.story().text());
    REQUIRE(done.recovered);
    CHECK(s.rungs(done) == Rungs{Rung::reboot});
    CHECK(s.host.boots() == 2);
    CHECK(s.power.orders().empty());
}

TEST_CASE("a reboot that mends nothing is not tried again by the next who comes, and a person is asked for") {
    Lost s;
    s.host.boot_heals = false;
    s.host.begin(Trouble::root_read_only);
    s.world.run_for(1s);
    const auto first = s.recover();
    CHECK_FALSE(first.recovered);
    const auto boots = s.host.boots();
    CHECK(boots == 3);  // a reboot, a sysrq
    for (int i = 0; i < 3; ++i) {
        s.world.run_for(30min);
        const auto next = s.recover();
        CHECK_FALSE(next.recovered);
        CHECK(next.incident == first.incident);
    }
    CHECK(s.host.boots() == boots);
    // A day later a person has been there, or it is something else.
    s.world.run_for(25h);
    CHECK(s.recover().incident != first.incident);
    CHECK(s.host.boots() > boots);
}

TEST_CASE("a dry run does nothing on any rung, and writes nothing") {
    struct Row {
        void (*begin)(Lost&);
        Rung rung;
    };
    const Row rows[] = {
        {[](Lost& s) { s.host.begin(Trouble::sshd_stopped); }, Rung::repair},
        {[](Lost& s) { s.host.begin(Trouble::root_read_only); }, Rung::reboot},
        {[](Lost& s) { s.host.power_off(); }, Rung::power_cycle},
        {[](Lost& s) { s.host.panic(); }, Rung::look_again},
    };
    for (const Row& row : rows) {
        Lost s;
        row.begin(s);
        s.world.run_for(10s);
        const auto before = s.world.store().records.size();
        const auto ran = s.host.ledger().size();
        const bool up = s.host.up();
        const auto done = s.recover(RecoveryPolicy::lab().dry_run(true));
        CAPTURE(slug(row.rung));
        CHECK_FALSE(done.recovered);
        REQUIRE(done.outlook.size() == 6);
        const auto& rung = done.outlook[static_cast<std::size_t>(row.rung)];
        CHECK((rung.may || rung.later));
        CHECK(s.power.orders().empty());
        CHECK(s.host.boots() == 1);
        CHECK(s.host.up() == up);
        CHECK(s.host.suffers(Trouble::sshd_stopped) == (row.rung == Rung::repair));
        CHECK(s.incident().state() == model::Incident::State::none);
        CHECK(s.world.store().records.count(std::string(model::incident_log_name)) == 0);
        CHECK(s.world.store().records.size() >= before);
        CHECK(s.host.ledger().size() >= ran);  // it looks
    }
}

TEST_CASE("a state directory that cannot be written lets nothing be done") {
    Lost s;
    s.host.power_off();
    s.world.run_for(1s);
    s.world.store().writable = false;
    const auto done = s.recover(RecoveryPolicy().within(5min));
    CHECK_FALSE(done.recovered);
    CHECK(s.power.orders().empty());
}

TEST_CASE("what was done that nobody can read any more lets nothing be done") {
    for (const bool power : {true, false}) {
        Lost s;
        s.host.power_off();
        s.world.run_for(1s);
        const auto name = power ? model::power_log_name(s.target) : model::incident_record_name(s.target);
        REQUIRE(s.world.store().write(name, "schema=1\nstate=open\nid=").has_value());
        const auto done = s.recover(RecoveryPolicy().within(5min));
        CHECK_FALSE(done.recovered);
        CHECK(done.reason.contains("cannot be read"));
        CHECK(s.power.orders().empty());
    }
}

TEST_CASE("a person's order waits for a step of a recovery that is under way, and the step's own does not") {
    Lost s;
    model::Incident incident;
    const auto now = s.world.clock().wall_now();
    incident.open(now, 1);
    incident.begin(Rung::reboot, now, 60s, "mark", "because", "reboot");
    REQUIRE(s.world.store().write(model::incident_record_name(s.target), incident.serialise()).has_value());
    const auto order = [&s](bool in_a_step) {
        return s.world.run(recovery::change_power(s.ports(), s.target, s.power, PowerAction::reset, 10s, in_a_step));
    };
    const auto refused = order(false);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code() == Code::held);
    CHECK(s.power.orders().empty());
    CHECK(order(true).has_value());
    s.world.run_for(1min);
    CHECK(order(false).has_value());
}

TEST_CASE("the time that was given is not overrun by a wait") {
    for (Duration within = 20s; within < 2min; within += 7s) {
        CAPTURE(within);
        Lost s;
        s.host.panic();
        const auto done = s.recover(RecoveryPolicy().within(within));
        CHECK_FALSE(done.recovered);
        CHECK(done.took < within + 10s);  // a look that had begun
    }
}

TEST_CASE("a switch that cannot be asked is waited for, and is not taken for none") {
    Lost s;
    s.host.panic();
    s.world.network().begin_uplink_cut();
    (void)s.host.agenda().after(2min, [&s] { s.world.network().end_uplink_cut(); });
    const auto done = s.recover(RecoveryPolicy::lab());
    CAPTURE(s.world.story().text());
    CHECK(done.recovered);
}

}  // namespace vmc::test
