// SPDX-License-Identifier: Apache-2.0
// What a diagnosis sees and says in many labelled episodes, one line for each look: what tools/calibrate counts a
// table from and judges it by.
//
//     episodes FIRST LAST        the seeds to play
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <string>

#include "health/check.hpp"
#include "health/examination.hpp"
#include "model/confidence.hpp"
#include "model/ranking.hpp"
#include "scenario/episode.hpp"

namespace vmc::test {

namespace {

using namespace std::chrono_literals;

/// What people use instead: a TCP connect to the SSH port each second, three misses in a row are death; or the
/// same arrivals judged by phi-accrual (Hayashibara 2004), with the threshold of 8 that Akka and others ship.
class Monitor : public std::enable_shared_from_this<Monitor> {
public:
    static constexpr Duration period = 1s;
    static constexpr int misses_are_death = 3;
    static constexpr double phi_is_death = 8;

    /// Its beats live as long as the world, which goes on for a moment when the episode ends.
    static std::shared_ptr<Monitor> begin(Episode& episode) {
        auto made = std::shared_ptr<Monitor>(new Monitor(episode));
        made->arm();
        return made;
    }
    Monitor(const Monitor&) = delete;

    [[nodiscard]] bool alive_by_misses() const { return missed_ < misses_are_death; }
    [[nodiscard]] bool alive_by_phi() const {
        if (gaps_.size() < 3) return missed_ < misses_are_death;
        double mean = 0, spread = 0;
        for (const double gap : gaps_) mean += gap / static_cast<double>(gaps_.size());
        for (const double gap : gaps_) spread += (gap - mean) * (gap - mean) / static_cast<double>(gaps_.size());
        const double deviation = std::max(std::sqrt(spread), 0.1);  // Akka's min-std-deviation: 100 ms
        const double since = std::chrono::duration<double>(episode_.world().now() - last_).count();
        const double late = 0.5 * std::erfc((since - mean) / (deviation * std::sqrt(2.0)));
        return -std::log10(std::max(late, 1e-300)) < phi_is_death;
    }

private:
    explicit Monitor(Episode& episode) : episode_(episode) {}
    void arm() {
        episode_.world().at(period, [self = shared_from_this()] {
            self->beat();
            self->arm();
        });
    }
    /// One SYN, and whether it is accepted. It goes no further: a connection each second that comes to no login
    /// would get us banned, and the diagnosis with us.
    void beat() {
        ++missed_;  // until it answers
        auto& host = episode_.host();
        const sim::Packet syn{60, host.ssh_port};
        host.path.carry(sim::Way::out, syn, [self = shared_from_this(), &host, syn] {
            if (host.syn(host.ssh_port) != sim::Machine::SynAnswer::accept) return;
            host.path.carry(sim::Way::in, syn, [self] { self->heard(); });
        });
    }
    void heard() {
        const Instant now = episode_.world().now();
        missed_ = 0;
        if (last_ != Instant{}) gaps_.push_back(std::chrono::duration<double>(now - last_).count());
        if (gaps_.size() > 1000) gaps_.pop_front();
        last_ = now;
    }

    Episode& episode_;
    int missed_ = 0;
    Instant last_{};
    std::deque<double> gaps_;
};

std::string values(const model::Symptoms& symptoms) {
    std::string text;
    for (const auto feature : model::all_features())
        text += "\t" + std::string(model::values_of(feature)[symptoms.at(feature)]);
    return text;
}

void look_at(Episode& episode, std::uint64_t seed, const Monitor& monitor) {
    const Truth before = episode.truth();
    const bool misses = monitor.alive_by_misses(), phi = monitor.alive_by_phi();
    const double since = std::chrono::duration<double>(episode.since()).count();
    const Instant asked = episode.world().now();
    health::Examination examination(episode.ports(), episode.prober(), episode.link(), Level::thorough,
                                    health::Examination::Depth::diagnosis);
    episode.world().run(examination.run());
    const double took = std::chrono::duration<double>(episode.world().now() - asked).count();
    episode.judge();
    const Truth& truth = episode.truth();
    const auto& around = examination.around();
    const auto diagnosis = model::diagnose(Level::thorough, examination.evidence(), around);
    std::printf("%llu\t%s\t%d\t%s", static_cast<unsigned long long>(seed), truth.cause.c_str(), truth.alive,
                std::string(slug(around.setting)).c_str());
    std::printf("%s", values(model::symptoms_of(examination.evidence(), around)).c_str());
    const auto& health = diagnosis.health;
    std::printf("\t%s\t%d\t%s\t%.6f\t%d\t%d\t%.3f\t%.3f\t%s\t%d\t%s\n", std::string(slug(health.verdict)).c_str(),
                health.claim, health.cause.c_str(), health.confidence, misses, phi, since, took, before.cause.c_str(),
                before.alive, episode.kind().c_str());
}

void play(std::uint64_t seed) {
    Episode episode(seed);
    const auto monitor = Monitor::begin(episode);
    episode.warm_up(
        [](Episode& well) { (void)well.world().run(health::diagnose(well.ports(), well.prober(), well.link())); });
    episode.sample([&](Episode& now) { look_at(now, seed, *monitor); });
}

}  // namespace

}  // namespace vmc::test

int main(int count, char** words) {
    if (count != 3) {
        std::fprintf(stderr, "usage: episodes FIRST-SEED LAST-SEED\n");
        return 64;
    }
    const auto first = std::strtoull(words[1], nullptr, 10), last = std::strtoull(words[2], nullptr, 10);
    std::printf("seed\tcause\talive\tsetting");
    for (const auto feature : vmc::model::all_features())
        std::printf("\t%s", std::string(vmc::model::slug(feature)).c_str());
    std::printf("\tverdict\tclaim\tnamed\tconfidence\tmisses\tphi\tsince\ttook\tcause-before\talive-before\tkind\n");
    for (auto seed = first; seed <= last; ++seed) vmc::test::play(seed);
    return 0;
}
