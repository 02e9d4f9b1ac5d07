// SPDX-License-Identifier: Apache-2.0
// Causes weighed by hand: 90 episodes of health, 30 of a dead path, 30 of a VM that is off.
#include "model/ranking.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

using namespace vmc;
using namespace vmc::model;

namespace {

Likelihoods::Row row(std::string cause, bool alive, double episodes) {
    Likelihoods::Row made;
    made.cause = std::move(cause);
    made.alive = alive;
    made.episodes = episodes;
    for (const Feature feature : all_features())
        made.counts[static_cast<std::size_t>(feature)].assign(values_of(feature).size(), 0.0);
    return made;
}

template <class Value>
void count(Likelihoods::Row& row, Feature feature, Value value, double times) {
    row.counts[static_cast<std::size_t>(feature)][static_cast<std::size_t>(value)] = times;
}

/// Off and path-dead look the same but for a closed port, which a cut path swallows and which, in this little
/// world, somebody else refuses for a VM that is off.
const Likelihoods& table() {
    static const Likelihoods made = [] {
        auto none = row("none", true, 90), path = row("path-dead", true, 30), off = row("vm-off", false, 30);
        count(none, Feature::login, Login::works, 89);
        count(none, Feature::closed_port, ClosedPort::refuses, 90);
        for (auto* dead : {&path, &off}) {
            count(*dead, Feature::login, Login::silent, 30);
            count(*dead, Feature::echo, Echo::silent, 20);
        }
        count(path, Feature::closed_port, ClosedPort::silent, 30);
        count(off, Feature::closed_port, ClosedPort::no_neighbour, 30);
        return Likelihoods({none, path, off}, 1.0, {});
    }();
    return made;
}

double of(const Ranking& ranking, std::string_view cause) {
    const auto found = std::ranges::find(ranking.causes(), cause, &Ranking::Cause::slug);
    return found == ranking.causes().end() ? 0 : found->probability;
}

}  // namespace

TEST_CASE("without a symptom the causes stand as often as they were drawn") {
    const Ranking ranking(Symptoms(), table());
    CHECK(of(ranking, "none") == doctest::Approx(0.6));
    CHECK(of(ranking, "vm-off") == doctest::Approx(0.2));
    CHECK(ranking.alive() == doctest::Approx(0.8));
    CHECK(ranking.only_cause() == "unknown");
}

TEST_CASE("causes that look the same stay a set, and what would tell them apart is said") {
    Symptoms silent;
    silent.set(Login::silent);
    silent.set(Echo::silent);
    const Ranking ranking(silent, table());
    CHECK(of(ranking, "path-dead") == doctest::Approx(of(ranking, "vm-off")));
    CHECK(ranking.alive() == doctest::Approx(0.5).epsilon(0.02));
    CHECK(ranking.only_cause() == "unknown");
    const auto settle = ranking.would_settle();
    REQUIRE_FALSE(settle.empty());
    CHECK(settle.front() == question(Feature::closed_port));
}

TEST_CASE("one symptom that only one cause has names it") {
    Symptoms seen;
    seen.set(Login::silent);
    seen.set(ClosedPort::no_neighbour);
    const Ranking ranking(seen, table());
    CHECK(ranking.only_cause() == "vm-off");
    CHECK(ranking.alive() < 0.1);
    const auto hypotheses = ranking.hypotheses();
    REQUIRE_FALSE(hypotheses.empty());
    const auto& first = hypotheses.front();
    CHECK(first.cause == "vm-off");
    REQUIRE(first.speaks_for.size() == 2);
    CHECK(first.speaks_for.front() == words(Feature::closed_port, static_cast<std::uint8_t>(ClosedPort::no_neighbour)));
    CHECK(first.speaks_against.empty());
}

TEST_CASE("probabilities sum to one and only those worth mention are mentioned") {
    Symptoms seen;
    seen.set(Login::works);
    const Ranking ranking(seen, table());
    double sum = 0;
    for (const auto& cause : ranking.causes()) sum += cause.probability;
    CHECK(sum == doctest::Approx(1));
    for (const auto& hypothesis : ranking.hypotheses()) CHECK(hypothesis.probability >= 0.01);
    CHECK(ranking.only_cause() == "none");
    CHECK(ranking.would_settle().empty());
}

TEST_CASE("a setting that the table does not know leaves nothing to say, and no number that is none") {
    const Ranking ranking(Symptoms(Setting::forwarded), table());
    CHECK(ranking.only_cause() == "unknown");
    CHECK(ranking.hypotheses().empty());
    CHECK(std::isfinite(ranking.alive()));
}
