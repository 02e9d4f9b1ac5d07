// SPDX-License-Identifier: Apache-2.0
// Incidents drawn from a seed: every cause that a diagnosis knows, behind switches that lie, hang and act late, with
// one or two processes that want to help. What is never done is counted beside how often it could have been.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <map>

#include "episode.hpp"
#include "model/power_log.hpp"
#include "recovery/climb.hpp"
#include "sim/power_switch.hpp"
#include "sweep.hpp"

namespace vmc::test {

using namespace std::chrono_literals;
using sim::SimPowerSwitch;
using sim::Trouble;

namespace {

/// The way there, and not the machine.
constexpr std::array ways = {Trouble::drop_out,       Trouble::drop_in,          Trouble::drop_new,
                             Trouble::reject_new,     Trouble::port_swallowed,   Trouble::port_refused,
                             Trouble::tcp_swallowed,  Trouble::big_packets_lost, Trouble::no_route,
                             Trouble::forwarder_down, Trouble::forwarder_mute};
constexpr Duration watched = 25min;
/// Up to twice the silence that is waited for: some heal at the moment in which a step is decided.
constexpr double longest_cut = 600;

/// What all incidents of a sweep came to.
struct Counts {
    std::size_t incidents = 0, recovered = 0, orders = 0, actions = 0;
    std::size_t against_well = 0;      ///< reached within the last minutes, or never really gone
    std::size_t long_cut_off = 0;  ///< well, and nothing of it got through for as long as the silence
    std::size_t idle = 0;              ///< "on" to one that is on: its switch said that it is off
    std::size_t at_once = 0, too_soon = 0, too_many = 0, repeated = 0;
    std::map<std::string, std::size_t> against;
};

class Incidents {
public:
    Incidents(Counts& counts, bool tell) : counts_(counts), tell_(tell) {}

    void play(std::uint64_t seed) {
        sim::SimRandom chance(seed * 0x9e3779b97f4a7c15 + 7);
        Episode episode(seed);
        auto& world = episode.world();
        episode.host().boot_heals = true;
        SimPowerSwitch power(world, episode.host(),
                             static_cast<SimPowerSwitch::Flaw>(sim::pick(chance, SimPowerSwitch::flaws)));
        power.paused_shows = sim::chance(chance, 0.9);
        episode.warm_up();
        const bool for_good = sim::chance(chance, 0.5);
        Instant heals = never;
        if (!for_good) {
            const auto after =
                std::chrono::milliseconds(sim::pick(chance, static_cast<std::uint64_t>(longest_cut * 1000)));
            heals = world.now() + after;
            world.at(after, [&episode] { clear_the_way(episode); });
        }
        const bool two = sim::chance(chance, 0.5);
        link::Link beside(episode.ports(), episode.link().target(), nullptr);
        auto first = world.start(climb(episode, episode.link(), power));
        std::optional<sim::Pending<Recovery>> second;
        if (two) second = world.start(climb(episode, beside, power));
        const auto over = [&] { return first.done() && (!second || second->done()); };
        if (!world.run_until(over, 2h)) throw sim::Stuck("a recovery does not end\n" + world.story().text());
        count(episode, power, first.value(), heals);
        if (tell_) std::puts(world.story().text().c_str());
        world.run(beside.close());
    }

private:
    static void clear_the_way(Episode& episode) {
        for (const Trouble trouble : ways) episode.host().mend(trouble);
    }
    static Async<Recovery> climb(Episode& episode, link::Link& link, SimPowerSwitch& power) {
        const auto policy = RecoveryPolicy().within(watched);
        auto tell = [&episode](const RecoveryNews& n) { episode.world().story().tell(n.event, n.text); };
        recovery::Climb one(episode.ports(), episode.prober(), link, &power, nullptr, policy, tell);
        co_return co_await one.run();
    }

    void count(Episode& episode, const SimPowerSwitch& power, const Recovery& done, Instant heals) {
        ++counts_.incidents;
        counts_.recovered += done.recovered ? 1 : 0;
        const auto& cause = episode.truth().cause;
        for (const auto& order : power.orders()) {
            ++counts_.orders;
            counts_.at_once += order.another ? 1 : 0;
            if (!order.well) continue;
            if (order.action == PowerAction::on) {  // what is on stays as it is
                ++counts_.idle;
                continue;
            }
            const bool stays = order.at < heals || cause == "slow";  // which nobody ends
            const bool long_gone = stays && order.at - episode_began(episode) >= 5min;
            ++(long_gone && is_cut(cause) ? counts_.long_cut_off : counts_.against_well);
            ++counts_.against[cause + (long_gone ? ", cut off" : "")];
        }
        const auto record = episode.world().store().read(model::power_log_name(episode.link().target()));
        const auto log = model::PowerLog::parse(record->value_or("")).value();
        std::optional<WallTime> last;
        std::optional<PowerAction> what;
        std::size_t taken = 0;
        for (const auto& deed : log.deeds()) {
            if (deed.action == PowerAction::nmi) continue;
            // The second half of a cycle that came no further than to turn it off.
            const bool goes_on = deed.action == PowerAction::on && what == PowerAction::cycle;
            what = deed.action;
            if (goes_on) continue;
            ++taken;
            if (last && deed.at - *last < 15min) ++counts_.too_soon;
            last = deed.at;
        }
        counts_.actions += taken;
        counts_.too_many += taken > 3 ? 1 : 0;
        std::map<Rung, std::size_t> rungs;
        for (const auto& step : done.steps) ++rungs[step.rung];
        for (const auto& [rung, times] : rungs) counts_.repeated += times > (rung == Rung::power_cycle ? 2U : 1U);
    }
    static Instant episode_began(Episode& episode) { return episode.world().now() - episode.since(); }
    /// Nothing gets through any more, or next to nothing: who has only the network cannot tell it from a dead VM.
    static bool is_cut(const std::string& cause) {
        static constexpr const char* ways_cut[] = {"path-dead", "route", "bastion-down", "port-filtered", "slow"};
        return std::ranges::find(ways_cut, cause) != std::end(ways_cut);
    }

    Counts& counts_;
    const bool tell_;
};

}  // namespace

TEST_CASE("whatever breaks and whoever lies: no power action against a VM that is well, none at once, none too many") {
    const Sweep sweep("whatever breaks and whoever lies*", 150);
    Counts counts;
    Incidents incidents(counts, sweep.replay());
    for (auto seed = sweep.first(); seed <= sweep.last(); ++seed) {
        const auto before = counts.against_well + counts.at_once + counts.too_soon + counts.too_many;
        incidents.play(seed);
        const auto after = counts.against_well + counts.at_once + counts.too_soon + counts.too_many;
        if (after != before) FAIL_CHECK("seed " << seed << ": replay with " << sweep.replay_command(seed));
    }
    CHECK(counts.against_well == 0);
    CHECK(counts.at_once == 0);
    CHECK(counts.too_soon == 0);
    CHECK(counts.too_many == 0);
    CHECK(counts.repeated == 0);
    if (!sweep.replay()) CHECK(counts.actions > 0);
    for (const auto& [cause, number] : counts.against) MESSAGE(number << " against a well VM, " << cause);
    MESSAGE(counts.incidents << " incidents, " << counts.recovered << " recovered, " << counts.actions
                             << " power actions (" << counts.orders << " orders); against a well VM "
                             << counts.against_well << ", at once " << counts.at_once << ", too soon "
                             << counts.too_soon << ", too many " << counts.too_many << ", repeated " << counts.repeated
                             << "; " << counts.long_cut_off
                             << " against VMs that were well and cut off for five minutes or more, " << counts.idle
                             << " to switch on what was on");
}

}  // namespace vmc::test
