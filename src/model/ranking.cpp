// SPDX-License-Identifier: Apache-2.0
#include "model/ranking.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

namespace vmc::model {
namespace {

constexpr double worth_mention = 0.01;
constexpr double worth_asking = 0.15;
/// Twice as frequent, or half: below that a symptom is no argument.
const double argument = std::log(2.0);

/// exp(x - max), divided by their sum.
std::vector<double> normalised(std::vector<double> logs) {
    const double most = *std::ranges::max_element(logs);
    if (!std::isfinite(most)) return std::vector<double>(logs.size(), 0.0);
    double sum = 0;
    for (double& each : logs) sum += each = std::exp(each - most);
    for (double& each : logs) each /= sum;
    return logs;
}

double entropy(const std::map<std::string_view, double>& causes) {
    double bits = 0;
    for (const auto& [slug, p] : causes)
        if (p > 0) bits -= p * std::log2(p);
    return bits;
}

}  // namespace

Ranking::Ranking(const Symptoms& symptoms, const Likelihoods& table)
    : symptoms_(symptoms), table_(table), posterior_(normalised(table.explain(symptoms))) {
    std::map<std::string, double> sums;
    for (std::size_t i = 0; i < posterior_.size(); ++i) {
        const auto& row = table_.rows()[i];
        sums[row.cause] += posterior_[i];
        if (row.alive) alive_ += posterior_[i];
    }
    alive_ = std::min(alive_, 1.0);
    for (const auto& [slug, probability] : sums) causes_.push_back({slug, probability});
    std::ranges::stable_sort(causes_, std::greater(), &Cause::probability);
}

std::string Ranking::only_cause() const {
    return causes_.front().probability >= names_at ? causes_.front().slug : "unknown";
}

double Ranking::with(const std::string& cause, Feature feature) const {
    double weight = 0, sum = 0;
    for (std::size_t i = 0; i < posterior_.size(); ++i) {
        const auto& row = table_.rows()[i];
        if (row.cause != cause || row.setting != symptoms_.setting) continue;
        // By how often it is drawn, not by the posterior, which has seen this very symptom.
        weight += row.episodes;
        sum += row.episodes * Likelihoods::likelihood(row, feature, symptoms_.at(feature));
    }
    return weight > 0 ? sum / weight : 0;
}

double Ranking::elsewhere(const std::string& cause, Feature feature) const {
    double weight = 0, sum = 0;
    for (std::size_t i = 0; i < posterior_.size(); ++i) {
        const auto& row = table_.rows()[i];
        if (row.cause == cause || row.setting != symptoms_.setting) continue;
        weight += row.episodes;
        sum += row.episodes * Likelihoods::likelihood(row, feature, symptoms_.at(feature));
    }
    return weight > 0 ? sum / weight : 0;
}

std::vector<Hypothesis> Ranking::hypotheses() const {
    std::vector<Hypothesis> all;
    for (const Cause& cause : causes_) {
        if (cause.probability < worth_mention) break;
        Hypothesis hypothesis;
        hypothesis.cause = cause.slug;
        hypothesis.probability = cause.probability;
        std::vector<std::pair<double, std::string>> weighed;
        for (const Feature feature : all_features()) {
            if (!symptoms_.knows(feature)) continue;
            const double here = with(cause.slug, feature), there = elsewhere(cause.slug, feature);
            if (here > 0 && there > 0)
                weighed.emplace_back(std::log(here / there), words(feature, symptoms_.at(feature)));
        }
        std::ranges::stable_sort(weighed, std::greater(), [](const auto& each) { return std::abs(each.first); });
        for (auto& [weight, text] : weighed) {
            if (weight >= argument) hypothesis.speaks_for.push_back(std::move(text));
            else if (weight <= -argument) hypothesis.speaks_against.push_back(std::move(text));
        }
        all.push_back(std::move(hypothesis));
    }
    return all;
}

double Ranking::expected_bits(Feature feature) const {
    std::map<std::string_view, double> now;
    for (const Cause& cause : causes_) now[cause.slug] = cause.probability;
    double left = 0;
    for (std::uint8_t value = 1; value < values_of(feature).size(); ++value) {
        std::map<std::string_view, double> then;
        double chance = 0;
        for (std::size_t i = 0; i < posterior_.size(); ++i) {
            const auto& row = table_.rows()[i];
            const double p = posterior_[i] * Likelihoods::likelihood(row, feature, value);
            then[row.cause] += p;
            chance += p;
        }
        if (chance <= 0) continue;
        for (auto& [slug, p] : then) p /= chance;
        left += chance * entropy(then);
    }
    return entropy(now) - left;
}

std::vector<std::string> Ranking::would_settle() const {
    std::vector<std::pair<double, Feature>> open;
    for (const Feature feature : all_features()) {
        if (symptoms_.knows(feature) || question(feature).empty()) continue;
        const double bits = expected_bits(feature);
        if (bits >= worth_asking) open.emplace_back(bits, feature);
    }
    std::ranges::stable_sort(open, std::greater(), [](const auto& each) { return each.first; });
    std::vector<std::string> questions;
    for (const auto& [bits, feature] : open) questions.emplace_back(question(feature));
    return questions;
}

}  // namespace vmc::model
