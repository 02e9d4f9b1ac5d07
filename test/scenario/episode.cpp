// SPDX-License-Identifier: Apache-2.0
#include "episode.hpp"

#include <algorithm>
#include <cmath>

#include "health/check.hpp"

namespace vmc::test {

using namespace std::chrono_literals;

namespace {

constexpr double none_share = 1.0 / 3;
constexpr double acquainted_share = 0.75;
constexpr double deaf_to_icmp_share = 0.25;
constexpr double firewalled_share = 0.3;
constexpr double fail2ban_share = 0.2;
constexpr const char* penalising_banner = "SSH-2.0-OpenSSH_9.9";
constexpr double may_not_ping_share = 0.1;
constexpr double longest_until_look = 120;  // s
constexpr double canary_share = 0.4;
constexpr double neighbour_share = 0.4;
/// Ill by themselves, in the same minutes.
constexpr double other_ill_share = 0.01;
/// What cuts a VM off, or takes its machine away, hits a canary near us rarely, and a VM beside it more often.
constexpr double canary_too_share = 0.05;
constexpr double neighbour_too_share = 0.2;

}  // namespace

Episode::Episode(std::uint64_t seed)
    : random_(seed * 0x9e3779b97f4a7c15 + 1), scenario_(seed, draw_target(random_)), scene_(scenario_, random_) {
    draw_setting();
    draw_habits();
    draw_others();
    draw_plot();
    for (auto count = 1 + sim::pick(random_, 3); count > 0; --count)
        looks_.push_back(std::chrono::duration_cast<Duration>(
            std::chrono::duration<double>(longest_until_look * std::pow(scene_.between(0, 1), 3))));
    std::ranges::sort(looks_);
}

Episode::~Episode() {
    if (neighbour_) world().run(neighbour_->close());
}

Target Episode::draw_target(sim::SimRandom& random) {
    Target target("web-1");
    if (!sim::chance(random, canary_share)) return target;
    return target.canary("canary", sim::chance(random, 0.5) ? 22 : 0);
}

void Episode::draw_setting() {
    const auto which = sim::pick(random_, 4);
    truth_.setting = which < 2 ? "direct" : which == 2 ? "local" : "forwarded";
    host().path.local = truth_.setting == "local";
    host().forwarded = truth_.setting == "forwarded";
    (void)world().network().gateway();
}

void Episode::draw_habits() {
    static constexpr const char* banners[] = {"SSH-2.0-OpenSSH_9.2p1 Debian-2", "SSH-2.0-OpenSSH_8.9p1 Ubuntu-3",
                                              penalising_banner, "SSH-2.0-OpenSSH_8.0"};
    host().banner = banners[sim::pick(random_, 4)];
    host().source_penalties = host().banner == penalising_banner;
    host().fail2ban = sim::chance(random_, fail2ban_share);
    // From 0.2 to 150 ms, each factor of ten as likely as the next.
    const double milliseconds = 0.2 * std::pow(750, scene_.between(0, 1));
    host().path.latency = Duration(static_cast<std::int64_t>(milliseconds * 1e6 / 2));  // one way
    host().path.loss = sim::chance(random_, 0.5) ? 0 : scene_.between(0, 0.03);
    host().firewalled = sim::chance(random_, firewalled_share);
    if (sim::chance(random_, deaf_to_icmp_share)) host().begin(sim::Trouble::no_icmp);
    prober().may_ping = !sim::chance(random_, may_not_ping_share);
    acquainted_ = sim::chance(random_, acquainted_share);
}

void Episode::draw_others() {
    auto& canary = world().host("canary");
    canary.path.latency = host().path.latency / 2;
    (void)world().host("web-2");
    if (acquainted_ && sim::chance(random_, neighbour_share)) {
        auto whom = Target("web-2").user("alice").key("key");
        neighbour_ = std::make_unique<link::Link>(ports(), std::move(whom), [](const Notice&) {});
    }
}

void Episode::meet_neighbour() {
    if (!neighbour_) return;
    if (!world().run(neighbour_->connect())) throw sim::Stuck("no neighbour\n" + world().story().text());
}

/// Of those who are somewhere else when the fault begins.
void Episode::strike_others() {
    static constexpr std::string_view common[] = {"path-dead", "route", "vm-off"};
    const bool may_hit = std::ranges::find(common, truth_.cause) != std::end(common);
    const auto strike = [&](const std::string& name, double too_share) {
        if (!sim::chance(random_, may_hit ? too_share + other_ill_share : other_ill_share)) return;
        for (const auto trouble : {sim::Trouble::drop_out, sim::Trouble::drop_in}) world().host(name).begin(trouble);
    };
    strike("canary", canary_too_share);
    strike("web-2", neighbour_too_share);
}

void Episode::draw_plot() {
    truth_.cause = "none";
    if (sim::chance(random_, none_share)) return;
    std::vector<const Plot*> fitting;
    for (const Plot& plot : plots()) {
        const bool fits = plot.needs == Plot::Needs::nothing ||
                          (plot.needs == Plot::Needs::acquaintance ? acquainted_ : host().forwarded);
        if (fits) fitting.insert(fitting.end(), static_cast<std::size_t>(plot.weight), &plot);
    }
    plot_ = fitting[sim::pick(random_, fitting.size())];
    truth_.cause = plot_->cause;
}

link::Ports Episode::ports() {
    auto& w = world();
    return {w.executor(), w.clock(), w.random(), w.transport(), w.store(), scenario_.doors, scenario_.company};
}

std::vector<std::string> Episode::causes() {
    std::vector<std::string> all{"none"};
    for (const Plot& plot : plots()) all.emplace_back(plot.cause);
    return all;
}

void Episode::play_until(Instant when) {
    if (when > world().now()) world().run_for(when - world().now());
}

void Episode::live_together(const Look& get_acquainted) {
    if (!scenario_.online(2min)) throw sim::Stuck("no first session\n" + world().story().text());
    play_until(world().in(scene_.seconds_between(0, 30)));
    for (auto count = sim::pick(random_, 3); count > 0; --count) scenario_.finish(Command("echo well"));
    meet_neighbour();
    if (get_acquainted) get_acquainted(*this);
    else (void)world().run(health::check(ports(), prober(), link(), Level::thorough));
    switch (sim::pick(random_, 4)) {
        case 0: scenario_.run(Command("sleep 600")); break;
        case 1: scenario_.run(Command("stream 100000000 10000")); break;
        default: break;  // idle
    }
}

void Episode::begin_fault() {
    began_ = world().now();
    world().story().tell("episode", "begins: " + truth_.cause);
    if (plot_) plot_->begin(scene_);
    strike_others();
}

void Episode::warm_up(const Look& get_acquainted) {
    warm_ = true;
    if (acquainted_) live_together(get_acquainted);
    play_until(world().in(scene_.seconds_between(0, 90)));
    begin_fault();
    play_until(began_ + looks_.front());
    judge();
}

void Episode::judge() {
    truth_.cause = plot_ ? cause_now(plot_->cause, host()) : "none";
    truth_.alive = host().thinks();
    world().story().tell("episode", truth_.setting + ", " + truth_.cause + (truth_.alive ? ", alive" : ", dead"));
}

void Episode::sample(const Look& look) {
    if (!warm_) warm_up();
    for (const Duration offset : looks_) {
        play_until(began_ + offset);
        judge();
        look(*this);
    }
}

}  // namespace vmc::test
