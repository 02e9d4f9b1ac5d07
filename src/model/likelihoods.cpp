// SPDX-License-Identifier: Apache-2.0
#include "model/likelihoods.hpp"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <numeric>

namespace vmc::model {

extern const std::string_view likelihoods_table;  // src/model/likelihoods.table, by cmake/Table.cmake

double Likelihoods::likelihood(const Row& row, Feature feature, std::uint8_t value) {
    const auto& counts = row.counts[static_cast<std::size_t>(feature)];
    // Of those in which the feature was known at all. The weight of the never seen is that of half a sighting.
    const double known = std::accumulate(counts.begin(), counts.end(), 0.0);
    const double seen = value < counts.size() ? counts[value] : 0.0;
    const double kinds = static_cast<double>(values_of(feature).size() - 1);
    return (seen + 0.5) / (known + 0.5 * kinds);
}

std::vector<double> Likelihoods::explain(const Symptoms& symptoms) const {
    std::vector<double> logs;
    logs.reserve(rows_.size());
    for (const Row& row : rows_) {
        if (row.setting != symptoms.setting) {
            logs.push_back(-std::numeric_limits<double>::infinity());
            continue;
        }
        double sum = 0;
        for (const Feature feature : all_features())
            if (symptoms.knows(feature)) sum += std::log(likelihood(row, feature, symptoms.at(feature)));
        logs.push_back(std::log(row.episodes) + temperature_ * sum);
    }
    return logs;
}

const Likelihoods& Likelihoods::built_in() {
    static const Likelihoods table = [] {
        auto parsed = parse(likelihoods_table);
        if (!parsed) {
            std::fprintf(stderr, "vm-connection: the built-in table of likelihoods is damaged: %s\n",
                         parsed.error().message().c_str());
            std::abort();
        }
        return std::move(*parsed);
    }();
    return table;
}

}  // namespace vmc::model
