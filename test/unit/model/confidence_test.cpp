// SPDX-License-Identifier: Apache-2.0
#include "model/confidence.hpp"

#include <doctest/doctest.h>

#include "unit/property.hpp"

using namespace vmc;
using namespace vmc::model;
using namespace std::chrono_literals;

namespace {

constexpr Answer works = Answer::works, fails = Answer::fails, unknown = Answer::unknown;

Evidence of(Layer layer, Answer answer, std::string check = "") { return {layer, std::move(check), answer, "", 5ms}; }
Circumstances port(std::string behavior) {
    Circumstances around;
    around.port_behavior = std::move(behavior);
    return around;
}
Circumstances ssh_failed(Stage stage, Code code) {
    Circumstances around = port("open");
    around.ssh_error = Error(code, stage, "");
    return around;
}
const std::vector<Evidence> all_well = {
    of(Layer::route, works),  of(Layer::icmp, works),           of(Layer::tcp, works),
    of(Layer::banner, works), of(Layer::authentication, works), of(Layer::exec, works)};

}  // namespace

TEST_CASE("a VM that runs a command is healthy, and that is a claim") {
    const Health health = assess(Level::medium, all_well, port("open"));
    CHECK(health.verdict == Verdict::healthy);
    CHECK(health.claim);
    CHECK(health.alive);
    CHECK(health.ssh_available);
    CHECK(health.confidence > 0.99);
    CHECK(health.cause == "none");
    CHECK(health.response_time == 5ms);
    CHECK(health.passed() == 6);
}

TEST_CASE("without a single possible check it is not alive, at confidence zero") {
    for (const auto& evidence : {std::vector<Evidence>{}, {of(Layer::icmp, unknown), of(Layer::tcp, unknown)}}) {
        const Health health = assess(Level::basic, evidence);
        CHECK_FALSE(health.alive);
        CHECK(health.confidence == 0.0);
        CHECK(health.verdict == Verdict::unknown);
        CHECK_FALSE(health.claim);
    }
}

TEST_CASE("unknown answers change nothing but the list") {
    std::vector<Evidence> more = all_well;
    more.push_back(of(Layer::closed_port, unknown));
    more.push_back(of(Layer::storage, unknown));
    CHECK(assess(Level::medium, more).confidence == assess(Level::medium, all_well).confidence);
    CHECK(assess(Level::medium, more).verdict == Verdict::healthy);
}

TEST_CASE("silence makes no claim and names no cause") {
    const Health health =
        assess(Level::medium,
               {of(Layer::route, works), of(Layer::icmp, fails), of(Layer::tcp, fails), of(Layer::closed_port, fails)},
               port("filtered"));
    CHECK(health.verdict == Verdict::unreachable);
    CHECK_FALSE(health.claim);
    CHECK_FALSE(health.alive);
    CHECK(health.cause == "unknown");
    // A cut path and a filter are silent too, and then the VM lives: silence is close to no news of it.
    CHECK(health.confidence < 0.6);
    CHECK(health.confidence > 0.01);
}

TEST_CASE("a host that never answered ping is not thought worse of for it") {
    const std::vector<Evidence> silent = {of(Layer::icmp, fails), of(Layer::tcp, fails)};
    Circumstances before = port("filtered"), never = before;
    before.answered_ping_before = true;
    CHECK(assess(Level::basic, silent, never).confidence ==
          assess(Level::basic, {of(Layer::tcp, fails)}, never).confidence);
    CHECK(assess(Level::basic, silent, before).confidence < assess(Level::basic, silent, never).confidence);
}

TEST_CASE("a refused port on a host that answers otherwise means that sshd is down") {
    for (const Layer beside : {Layer::icmp, Layer::closed_port}) {
        const Health health = assess(Level::medium, {of(beside, works), of(Layer::tcp, fails)}, port("refused"));
        CHECK(health.cause == "sshd-down");
        CHECK(health.verdict == Verdict::degraded);
        CHECK(health.alive);
        CHECK_FALSE(health.ssh_available);
        CHECK(health.tcp_stack == works);
    }
    CHECK(assess(Level::medium, {of(Layer::tcp, fails)}, port("refused")).cause == "unknown");
}

TEST_CASE("a filter before the port does not make the host dead") {
    const Health health =
        assess(Level::medium, {of(Layer::icmp, works), of(Layer::tcp, fails), of(Layer::closed_port, works)},
               port("filtered"));
    CHECK(health.verdict == Verdict::unreachable);
    CHECK(health.alive);
    CHECK(health.os_signs);
}

TEST_CASE("an accepted connection that stays silent is weaker than a banner") {
    const Health accepted = assess(Level::medium, {of(Layer::tcp, works), of(Layer::banner, fails)},
                                   ssh_failed(Stage::banner, Code::timed_out));
    const Health greeted =
        assess(Level::medium, {of(Layer::tcp, works), of(Layer::banner, works), of(Layer::authentication, fails)},
               ssh_failed(Stage::authentication, Code::auth_denied));
    CHECK(accepted.verdict == Verdict::degraded);
    CHECK(accepted.confidence < greeted.confidence);
    CHECK(accepted.cause == "unknown");
}

TEST_CASE("what only a living sshd says is believed") {
    const std::vector<Evidence> at_banner = {of(Layer::tcp, works), of(Layer::banner, fails)};
    const Health throttled = assess(Level::medium, at_banner, ssh_failed(Stage::banner, Code::throttled));
    CHECK(throttled.verdict == Verdict::throttled);
    CHECK(throttled.claim);
    CHECK(throttled.alive);
    CHECK(throttled.cause == "throttled");
    const std::vector<Evidence> at_login = {of(Layer::banner, works), of(Layer::authentication, fails)};
    CHECK(assess(Level::medium, at_login, ssh_failed(Stage::authentication, Code::booting)).cause == "booting");
    const Health denied = assess(Level::medium, at_login, ssh_failed(Stage::authentication, Code::auth_denied));
    CHECK(denied.verdict == Verdict::unknown);
    CHECK(denied.cause == "auth-denied");
    CHECK(denied.alive);
}

TEST_CASE("whatever a stranger at the address says is not about our VM") {
    const Health health =
        assess(Level::medium, {of(Layer::icmp, works), of(Layer::tcp, works), of(Layer::banner, works)},
               ssh_failed(Stage::host_key, Code::host_key_changed));
    CHECK(health.verdict == Verdict::unknown);
    CHECK(health.cause == "host-key-changed");
    CHECK_FALSE(health.alive);
    CHECK_FALSE(health.claim);
}

TEST_CASE("what fails on our own side says nothing of the VM") {
    const std::vector<Evidence> evidence = {of(Layer::tcp, works), of(Layer::authentication, fails)};
    const Health health = assess(Level::medium, evidence, ssh_failed(Stage::host_key, Code::local));
    CHECK(health.verdict == Verdict::unknown);
    CHECK_FALSE(health.claim);
    CHECK(health.cause == "unknown");
}

TEST_CASE("a forced command instead of a shell is not called healthy") {
    std::vector<Evidence> evidence = all_well;
    evidence.back().answer = fails;
    const Health health = assess(Level::medium, evidence, ssh_failed(Stage::command, Code::restricted_shell));
    CHECK(health.verdict == Verdict::unknown);
    CHECK(health.cause == "restricted-shell");
}

TEST_CASE("a name that does not resolve says nothing of the VM") {
    const Health health = assess(Level::medium, {of(Layer::route, fails, "resolve")});
    CHECK(health.cause == "dns");
    CHECK(health.verdict == Verdict::unreachable);
    CHECK(health.confidence == 0.0);
    CHECK(assess(Level::medium, {of(Layer::route, fails, "route")}).cause == "route");
}

TEST_CASE("a sick system that runs commands is degraded, with its cause") {
    for (const auto& [check, cause] : {std::pair{"disk-space", "disk-full"},
                                       {"disk-inodes", "inodes-full"},
                                       {"root-writable", "read-only-root"},
                                       {"load", "unknown"}}) {
        std::vector<Evidence> evidence = all_well;
        evidence.push_back(of(Layer::system, works, "uptime"));
        evidence.push_back(of(Layer::system, fails, check));
        const Health health = assess(Level::thorough, evidence, port("open"));
        CHECK(health.verdict == Verdict::degraded);
        CHECK(health.cause == cause);
        CHECK(health.alive);
    }
}

TEST_CASE("basic needs no login: an open port is healthy but no claim, a banner is one") {
    const Health open = assess(Level::basic, {of(Layer::icmp, works), of(Layer::tcp, works)}, port("open"));
    CHECK(open.verdict == Verdict::healthy);
    CHECK_FALSE(open.claim);
    CHECK(open.alive);
    CHECK(assess(Level::basic, {of(Layer::tcp, works), of(Layer::banner, works)}, port("open")).claim);
}

TEST_CASE("no evidence claims off or crashed, and one more layer that works never lowers the confidence") {
    always([] {
        std::vector<Evidence> evidence;
        const Layer order[] = {Layer::route,          Layer::tcp,  Layer::banner,
                               Layer::authentication, Layer::exec, Layer::storage};
        const int reached = *rc::gen::inRange(0, 6);
        for (int i = 0; i < reached; ++i) evidence.push_back(of(order[i], works));
        for (const Layer layer : {Layer::icmp, Layer::closed_port})
            evidence.push_back(of(layer, *rc::gen::element(works, fails, unknown)));
        std::vector<Evidence> stopped = evidence, further = evidence;
        stopped.push_back(of(order[reached], fails));
        further.push_back(of(order[reached], works));
        const auto around = port(*rc::gen::element<std::string>("unknown", "filtered"));
        const Health low = assess(Level::medium, stopped, around), high = assess(Level::medium, further, around);
        RC_ASSERT(high.confidence >= low.confidence);
        for (const Health& health : {low, high}) {
            RC_ASSERT(health.confidence >= 0.0);
            RC_ASSERT(health.confidence <= 1.0);
            RC_ASSERT(health.verdict != Verdict::off);
            RC_ASSERT(health.verdict != Verdict::crashed);
        }
    });
}

TEST_CASE("what a power switch says of a silent VM is a claim, and only what nothing contradicts") {
    const std::vector<Evidence> silent = {of(Layer::route, works), of(Layer::icmp, fails), of(Layer::tcp, fails)};
    struct {
        PowerState state;
        Verdict verdict;
        const char* cause;
    } const words[] = {{PowerState::off, Verdict::off, "vm-off"},
                       {PowerState::paused, Verdict::unreachable, "vm-paused"},
                       {PowerState::panicked, Verdict::crashed, "kernel-dead"},
                       {PowerState::dumping, Verdict::crashed, "dump-in-progress"}};
    for (const auto& word : words) {
        CAPTURE(word.cause);
        Circumstances around = port("filtered");
        around.ssh_error = Error(Code::timed_out, Stage::tcp, "");
        around.power = word.state;
        const auto told = diagnose(Level::thorough, silent, around);
        CHECK(told.health.verdict == word.verdict);
        CHECK(told.health.claim);
        CHECK(told.health.cause == word.cause);
        CHECK(told.health.confidence < 0.02);
        CHECK_FALSE(told.health.alive);
        REQUIRE(told.hypotheses.size() == 1);
        CHECK(told.hypotheses.front().cause == word.cause);
        CHECK(told.would_settle.empty());
        // It answers ping, or runs commands: the switch is another machine's.
        auto answers = silent;
        answers[1].answer = works;
        CHECK(diagnose(Level::thorough, answers, around).health.cause != word.cause);
        Circumstances well = port("open");
        well.power = word.state;
        CHECK(diagnose(Level::thorough, all_well, well).health.cause == "none");
        // A forwarder accepts for a VM that is gone.
        around.setting = Setting::forwarded;
        answers = silent;
        answers[2].answer = works;
        CHECK(diagnose(Level::thorough, answers, around).health.cause == word.cause);
    }
    for (const auto state : {PowerState::unknown, PowerState::on}) {
        Circumstances around = port("filtered");
        around.ssh_error = Error(Code::timed_out, Stage::tcp, "");
        around.power = state;
        CHECK_FALSE(diagnose(Level::thorough, silent, around).health.claim);
    }
}
