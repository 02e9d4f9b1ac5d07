// SPDX-License-Identifier: Apache-2.0
// A gateway that answers does not say that anything behind it does: other hosts tell our own way out from the VM's.
#include <doctest/doctest.h>

#include <algorithm>

#include "health/check.hpp"
#include "scenario.hpp"

namespace vmc::test {

using namespace std::chrono_literals;

namespace {

/// A VM with a canary, known to us and well; the trouble begins 5 s later.
class Watched : public Scenario {
public:
    explicit Watched(std::uint16_t port = 0, bool acquainted = true)
        : Scenario(1, Target("web-1").canary("dns", port)) {
        (void)world.host("dns");
        (void)world.network().gateway();
        REQUIRE(online());
        if (acquainted) (void)look();
        world.run_for(5s);
    }
    Diagnosis look() { return world.run(health::diagnose(ports(), world.prober(), *link)); }
    void silence(const char* name) {
        for (const auto trouble : {sim::Trouble::drop_out, sim::Trouble::drop_in}) world.host(name).begin(trouble);
    }
};

double share(const Diagnosis& diagnosis, std::string_view cause) {
    const auto found = std::ranges::find(diagnosis.hypotheses, cause, &Hypothesis::cause);
    return found == diagnosis.hypotheses.end() ? 0 : found->probability;
}

Answer answer(const Diagnosis& diagnosis, std::string_view check) {
    const auto& all = diagnosis.health.evidence;
    const auto found = std::ranges::find(all, check, &Evidence::check);
    return found == all.end() ? Answer::unknown : found->answer;
}

}  // namespace

TEST_CASE("an uplink cut behind our gateway is ours where the canary falls silent with the VM") {
    for (const std::uint16_t port : {0, 22, 9}) {
        CAPTURE(port);
        Watched s(port);
        s.world.network().begin_uplink_cut();
        const auto seen = s.look();
        CHECK(answer(seen, "own-network") == Answer::works);
        CHECK(answer(seen, "canary") == Answer::fails);
        CHECK(seen.hypotheses.front().cause == "observer-offline");
        CHECK(share(seen, "observer-offline") > 0.5);
        CHECK(seen.health.verdict == Verdict::unreachable);
        CHECK_FALSE(seen.health.claim);
    }
}

TEST_CASE("while the canary answers our own network is not what broke") {
    for (const std::uint16_t port : {0, 22, 9}) {
        CAPTURE(port);
        Watched s(port);
        s.silence("web-1");
        const auto seen = s.look();
        CHECK(answer(seen, "canary") == Answer::works);
        CHECK(share(seen, "observer-offline") < 0.01);
        CHECK(share(seen, "path-dead") > 0.2);
    }
}

TEST_CASE("a canary that has never answered says nothing by its silence") {
    Watched s(0, false);
    s.silence("dns");
    s.silence("web-1");
    const auto seen = s.look();
    CHECK(answer(seen, "canary") == Answer::unknown);
    CHECK(share(seen, "observer-offline") < 0.3);
}

TEST_CASE("a canary that is ill does not make a VM ill that is well") {
    Watched s;
    s.silence("dns");
    const auto seen = s.look();
    CHECK(seen.health.verdict == Verdict::healthy);
    CHECK(seen.health.claim);
}

TEST_CASE("a way out that breaks in the middle of a look is not excused by a canary that answered before") {
    int looks = 0;
    for (Duration at = 0ms; at <= 40ms; at += 1ms) {
        Watched s;
        s.world.at(at, [&s] { s.world.network().begin_uplink_cut(); });
        const auto seen = s.look();
        if (seen.health.verdict != Verdict::unreachable) continue;
        ++looks;
        CAPTURE(at);
        CHECK(answer(seen, "canary") != Answer::works);
        CHECK(seen.hypotheses.front().cause == "observer-offline");
    }
    CHECK(looks > 0);
    MESSAGE(looks << " looks");
}

TEST_CASE("the other VMs that a process holds are asked, and one that answers clears us") {
    for (const bool ours : {true, false}) {
        CAPTURE(ours);
        Scenario s;
        (void)s.world.network().gateway();
        for (const char* name : {"web-2", "web-3"}) (void)s.world.host(name);
        link::Link other(s.ports(), Target("web-2").user("alice").key("key"), nullptr);
        link::Link gone(s.ports(), Target("web-3").user("alice").key("key"), nullptr);
        REQUIRE(s.online());
        REQUIRE(s.world.run(other.connect()).has_value());
        REQUIRE(s.world.run(gone.connect()).has_value());
        const auto look = [&] { return s.world.run(health::diagnose(s.ports(), s.world.prober(), *s.link)); };
        (void)look();
        s.world.run_for(5s);
        if (ours) s.world.network().begin_uplink_cut();
        for (const char* name : {"web-1", "web-3"})
            for (const auto trouble : {sim::Trouble::drop_out, sim::Trouble::drop_in})
                s.world.host(name).begin(trouble);
        const auto seen = look();
        CHECK(answer(seen, "other-vms") == (ours ? Answer::fails : Answer::works));
        // One that fell silent with it may have fallen with it: a rack, a switch.
        if (ours) CHECK(share(seen, "observer-offline") > 0.1);
        else CHECK(share(seen, "observer-offline") < 0.01);
        s.world.run(other.close());
        s.world.run(gone.close());
    }
}

}  // namespace vmc::test
