// SPDX-License-Identifier: Apache-2.0
// Each trouble of the simulated world looks as the real thing does: ICMP, the ssh port, a closed
// port, a fresh login and an open session, each on its own.
#include <doctest/doctest.h>

#include "by_hand.hpp"
#include "flow/deadline.hpp"
#include "model/system_report.hpp"
#include "sim/sshd.hpp"

namespace vmc::test {

using namespace std::chrono_literals;

namespace {

using port::PortAnswer;

/// A machine with a session that was open before the trouble, and what can be seen of both.
class Seen {
public:
    explicit Seen(bool forwarded = false) {
        hand.host.forwarded = forwarded;
        session = hand.connect().value();
    }
    void begin(const sim::Fault& fault) {
        fault.plan(hand.host);
        hand.world.run_for(10ms);
    }
    PortAnswer knock(std::uint16_t port) {
        return hand.world.run(hand.world.prober().knock(hand.host.address(), port, hand.world.in(5s))).answer;
    }
    Answer ping() { return hand.world.run(hand.world.prober().ping(hand.host.address(), hand.world.in(2s))).answer; }
    /// Why a fresh login fails; Stage::none: it works.
    Error login() {
        auto fresh = hand.connect(5s);
        return fresh ? Error(Code::bad_request, Stage::none, "logged in") : fresh.error();
    }
    /// What a command on the old session says within 5 s; "" for nothing.
    std::string old_says(std::string line = "echo old") {
        auto heard = hand.world.start(run_line(*session, std::move(line)));
        hand.world.run_for(5s);
        if (!heard.done()) return "";
        if (!heard.value()) return std::string(slug(heard.value().error().stage()));
        return heard.value()->lost ? heard.value()->lost->message() : heard.value()->out + heard.value()->err;
    }
    Hand hand;
    std::unique_ptr<port::Session> session;
};

constexpr Duration long_time = 1h;

}  // namespace

TEST_CASE("a swallowed ssh port is silent for newcomers and old ones, while ICMP and a closed port answer") {
    Seen seen;
    seen.begin(sim::Fault::swallow_port(0s, 1min));
    CHECK(seen.ping() == Answer::works);
    CHECK(seen.knock(22) == PortAnswer::silent);
    CHECK(seen.knock(9) == PortAnswer::refused);
    CHECK(seen.login().stage() == Stage::tcp);
    CHECK(seen.old_says() == "");
    CHECK(seen.session->tcp()->unacked > 0);
    seen.hand.world.run_for(2min);
    CHECK(seen.old_says() == "old\n");
    CHECK(seen.hand.host.times_ran("echo old") == 2);
}

TEST_CASE("where all TCP is swallowed only ICMP answers") {
    Seen seen;
    seen.begin(sim::Fault::swallow_tcp(0s, long_time));
    CHECK(seen.ping() == Answer::works);
    CHECK(seen.knock(22) == PortAnswer::silent);
    CHECK(seen.knock(9) == PortAnswer::silent);
    CHECK(seen.old_says() == "");
}

TEST_CASE("a firewall that refuses the ssh port sends RST to newcomers, and lets old connections go on") {
    Seen seen;
    seen.begin(sim::Fault::refuse_port(0s, long_time));
    CHECK(seen.ping() == Answer::works);
    CHECK(seen.knock(22) == PortAnswer::refused);
    CHECK(seen.login().code() == Code::refused);
    CHECK(seen.old_says() == "old\n");
}

TEST_CASE("a router without a route says so to newcomers at once, and old connections only grow silent") {
    Seen seen;
    seen.begin(sim::Fault::no_route(0s, 10s));
    CHECK(seen.ping() == Answer::fails);
    CHECK(seen.knock(22) == PortAnswer::rejected);
    CHECK(seen.login().code() == Code::unreachable);
    CHECK(seen.session->alive());
    seen.hand.world.run_for(20s);
    CHECK(seen.old_says() == "old\n");
}

TEST_CASE("on our own network a machine that is off or cut off is no neighbour") {
    for (const auto& fault : {sim::Fault::power_off(0s), sim::Fault::drop_both(0s, long_time)}) {
        Seen seen;
        seen.hand.host.path.local = true;
        seen.begin(fault);
        CHECK(seen.knock(22) == PortAnswer::no_neighbour);
    }
}

TEST_CASE("an MTU black hole stalls the key exchange and bulk, not what is small") {
    Seen seen;
    seen.begin(sim::Fault::lose_big(0s, long_time));
    CHECK(seen.ping() == Answer::works);
    CHECK(seen.knock(22) == PortAnswer::open);
    const Error failure = seen.login();
    CHECK(failure.code() == Code::timed_out);
    CHECK(failure.stage() == Stage::key_exchange);
    CHECK(seen.old_says() == "old\n");
    CHECK(seen.old_says("stream 100000") == "");
}

TEST_CASE("an sshd that cannot fork loses newcomers at once, without a banner; its old sessions live") {
    Seen seen;
    seen.begin(sim::Fault::fork_fails(0s, long_time));
    for (int i = 0; i < 8; ++i) {
        const Error failure = seen.login();
        CHECK(failure.code() == Code::lost);
        CHECK(failure.stage() == Stage::banner);
        CHECK(failure.took() < 100ms);
    }
    CHECK(seen.hand.world.story().contains("fork: Resource temporarily unavailable"));
    CHECK(seen.old_says() == slug(Stage::request));
    seen.begin(sim::Fault::no_process(0s, long_time));
    CHECK(seen.old_says() == "bash: fork: Resource temporarily unavailable\n");
    CHECK(seen.session->alive());
    CHECK(seen.hand.host.ledger().empty());
}

TEST_CASE("a broken login shell lets us in, grants commands and never starts them") {
    Seen seen;
    seen.begin(sim::Fault::hang_exec(0s, long_time));
    CHECK(seen.login().stage() == Stage::none);
    CHECK(seen.old_says() == "");
    CHECK(seen.session->tcp()->unacked == 0);
    CHECK(seen.hand.host.ledger().empty());
}

TEST_CASE("a system that goes down says so at a login") {
    Seen seen;
    seen.begin(sim::Fault::shutdown_message(0s, long_time));
    const Error failure = seen.login();
    CHECK(failure.code() == Code::booting);
    CHECK(failure.peer_words().find("System is going down") != std::string::npos);
}

TEST_CASE("behind a firewall that lets only ssh through, closed ports are silent and a stopped sshd refuses") {
    Seen seen;
    seen.hand.host.firewalled = true;
    CHECK(seen.knock(9) == PortAnswer::silent);
    CHECK(seen.knock(22) == PortAnswer::open);
    seen.begin(sim::Fault::sshd_stop(0s, long_time));
    CHECK(seen.knock(22) == PortAnswer::refused);
}

TEST_CASE("a NAT that forgets makes old connections silent or reset, and lets new ones pass") {
    for (const bool resets : {false, true}) {
        Seen seen;
        seen.begin(sim::Fault::forget_flows(0s, resets));
        CHECK(seen.old_says() == (resets ? slug(Stage::channel) : ""));
        CHECK(seen.session->alive() != resets);
        CHECK(seen.login().stage() == Stage::none);
        CHECK(seen.ping() == Answer::works);
        seen.hand.world.run_for(10min);
        CHECK(seen.hand.host.times_ran("echo old") == 0);
    }
}

TEST_CASE("the sicknesses that only the machine itself can tell stand in its system report") {
    using sim::Trouble;
    const std::pair<Trouble, const char*> sicknesses[] = {
        {Trouble::disk_hung, "disk-write"},    {Trouble::disk_full, "disk-space"},
        {Trouble::inodes_full, "disk-inodes"}, {Trouble::root_read_only, "root-writable"},
        {Trouble::memory_exhausted, "memory"}, {Trouble::kernel_oops, "kernel-taint"}};
    auto failing = [](Seen& seen) {
        const std::string nonce(16, 'a');
        const WallTime sent = seen.hand.world.clock().wall_now();
        auto channel = seen.hand.world.run(seen.session->exec("exec /bin/sh -s", std::nullopt, never)).value();
        seen.hand.world.run(channel->write(model::system_script(nonce)));
        seen.hand.world.run(channel->send_eof());
        const auto heard = seen.hand.world.run(listen(*channel));
        const auto report = model::parse_system(heard.out, nonce, {sent, seen.hand.world.clock().wall_now()});
        REQUIRE(report.has_value());
        std::vector<std::string> checks;
        for (const auto& evidence : *report)
            if (evidence.answer == Answer::fails) checks.push_back(evidence.check);
        return checks;
    };
    Seen healthy;
    CHECK(failing(healthy).empty());
    for (const auto& [trouble, check] : sicknesses) {
        CAPTURE(check);
        Seen seen;
        seen.begin(sim::Fault::sickness(trouble, 0s, long_time));
        const auto checks = failing(seen);
        CHECK(std::ranges::find(checks, check) != checks.end());
        CHECK(seen.login().stage() == Stage::none);
        CHECK(seen.old_says() == "old\n");
        CHECK(seen.old_says("sync; echo done") == (trouble == Trouble::disk_hung ? "" : "done\n"));
    }
    Seen early;
    early.hand.host.clock_ahead = 5min;
    CHECK(failing(early) == std::vector<std::string>{"clock"});
}

TEST_CASE("our gateway answers while our cable is fine, also when its uplink is not") {
    Seen seen;
    auto& network = seen.hand.world.network();
    const std::string gateway = network.gateway().address();
    auto& world = seen.hand.world;
    auto ping_gateway = [&] { return world.run(world.prober().ping(gateway, world.in(2s))).answer; };
    CHECK(ping_gateway() == Answer::works);
    network.begin_uplink_cut();
    CHECK(ping_gateway() == Answer::works);
    CHECK(seen.ping() == Answer::fails);
    network.end_uplink_cut();
    CHECK(seen.ping() == Answer::works);
    network.begin_cut();
    CHECK(ping_gateway() == Answer::fails);
    CHECK(seen.ping() == Answer::fails);
    network.end_cut();
    network.begin_gateway_down();
    CHECK(ping_gateway() == Answer::fails);
    CHECK(seen.ping() == Answer::fails);
    network.end_gateway_down();
    world.run_for(10s);
    CHECK(ping_gateway() == Answer::works);
    CHECK(seen.old_says() == "old\n");
}

TEST_CASE("a forwarder accepts and acknowledges for a machine that is paused, dead or off") {
    for (const auto& fault : {sim::Fault::pause(0s, long_time), sim::Fault::panic(0s), sim::Fault::power_off(0s)}) {
        CAPTURE(fault.line());
        Seen seen(true);
        CHECK(seen.old_says("echo $SSH_CONNECTION") == "$SSH_CONNECTION\n");
        CHECK(seen.hand.host.ssh_connection(40000) == "10.0.2.2 40000 10.0.2.15 22");
        seen.begin(fault);
        CHECK(seen.ping() == Answer::works);
        CHECK(seen.knock(22) == PortAnswer::open);
        CHECK(seen.login().stage() == Stage::banner);
        CHECK(seen.old_says() == "");
        CHECK(seen.session->alive());
        CHECK(seen.session->tcp()->unacked == 0);
        CHECK(seen.hand.connect(2min).error().code() == Code::lost);
    }
}

TEST_CASE("behind a forwarder a booting machine drops newcomers, and a new boot resets what the old one knew") {
    Seen seen(true);
    seen.hand.host.services_after = 30s;
    seen.begin(sim::Fault::reboot(0s, 20s));
    CHECK(seen.old_says() == "");
    seen.hand.world.run_for(20s);
    CHECK_FALSE(seen.session->alive());
    const Error failure = seen.login();
    CHECK(failure.code() == Code::lost);
    CHECK(failure.stage() == Stage::banner);
    seen.hand.world.run_for(30s);
    CHECK(seen.login().stage() == Stage::none);
    seen.begin(sim::Fault::forwarder_stop(0s, 10s));
    CHECK(seen.knock(22) == PortAnswer::refused);
    CHECK(seen.hand.host.thinks());
}

TEST_CASE("a newcomer whom a forwarder kept waiting is served when the machine runs again") {
    Seen seen(true);
    seen.begin(sim::Fault::pause(0s, 20s));
    CHECK(seen.hand.connect(30s).has_value());
    CHECK(seen.old_says() == "old\n");
}

}  // namespace vmc::test
