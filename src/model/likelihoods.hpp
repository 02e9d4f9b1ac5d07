// SPDX-License-Identifier: Apache-2.0
// How often each symptom was seen with each cause: counted in the simulator, frozen, shipped.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <vm_connection/error.hpp>

#include "model/symptoms.hpp"

namespace vmc::model {

/// Where a table comes from; printed by `vmc diagnose --json` beside what was concluded from it.
struct Provenance {
    std::string seeds;      ///< "1-20000"
    std::string fitted_on;  ///< date, YYYY-MM-DD
    std::string sha1;       ///< of the rows, hex: what damage is found by
};

/// One table for all: P(symptom | cause, setting, alive), by counts. A cause may have several rows, one for each of
/// its kinds: within a kind its symptoms hardly depend on each other, across kinds they do (a port that is filtered
/// by a firewall, or with all of TCP). A value that was never seen in a row is
/// half as likely as one that was seen once (Jeffreys' prior); a value that is unknown weighs nothing.
class Likelihoods {
public:
    struct Row {
        std::string cause;
        Setting setting = Setting::direct;
        bool alive = true;   ///< the VM's kernel and user space make progress
        double episodes = 0; ///< how often it was drawn: the prior
        std::array<std::vector<double>, features> counts;
    };

    Likelihoods(std::vector<Row> rows, double temperature, Provenance provenance)
        : rows_(std::move(rows)), temperature_(temperature), provenance_(std::move(provenance)) {}

    /// The one that was built in. Checked when first used: a build with a damaged table aborts.
    [[nodiscard]] static const Likelihoods& built_in();
    /// Strict: unknown words, numbers out of range, or a hash that is not the rows' fail, with the line.
    [[nodiscard]] static Result<Likelihoods> parse(std::string_view text);
    [[nodiscard]] std::string serialise() const;

    /// Unnormalised, natural logarithm: how well each row explains the symptoms.
    [[nodiscard]] std::vector<double> explain(const Symptoms& symptoms) const;
    /// P(value | row) for one feature.
    [[nodiscard]] static double likelihood(const Row& row, Feature feature, std::uint8_t value);

    [[nodiscard]] const std::vector<Row>& rows() const noexcept { return rows_; }
    /// Below 1: the features are not quite independent of each other, and each counts for so much less.
    [[nodiscard]] double temperature() const noexcept { return temperature_; }
    [[nodiscard]] const Provenance& provenance() const noexcept { return provenance_; }

private:
    std::vector<Row> rows_;
    double temperature_;
    Provenance provenance_;
};

}  // namespace vmc::model
