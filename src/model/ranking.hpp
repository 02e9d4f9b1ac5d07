// SPDX-License-Identifier: Apache-2.0
// From symptoms to causes: which, how probable, on what evidence, and what would tell them apart.
#pragma once

#include <string>
#include <vector>

#include <vm_connection/diagnosis.hpp>

#include "model/likelihoods.hpp"
#include "model/symptoms.hpp"

namespace vmc::model {

class Ranking {
public:
    /// A cause that has at least this much is named; below it the set is, and nothing is guessed.
    static constexpr double names_at = 0.8;

    Ranking(const Symptoms& symptoms, const Likelihoods& table);

    /// Every cause, most probable first; they sum to 1.
    struct Cause {
        std::string slug;
        double probability = 0;
    };
    [[nodiscard]] const std::vector<Cause>& causes() const noexcept { return causes_; }
    /// P(the VM's kernel runs and its programs make progress).
    [[nodiscard]] double alive() const noexcept { return alive_; }
    /// The one that is left, or "unknown".
    [[nodiscard]] std::string only_cause() const;

    /// Those of at least 1 %, with what speaks for and against each.
    [[nodiscard]] std::vector<Hypothesis> hypotheses() const;
    /// Questions without an answer, by how many bits one is expected to bring (at least 0.15 of them).
    [[nodiscard]] std::vector<std::string> would_settle() const;

private:
    [[nodiscard]] double expected_bits(Feature feature) const;
    /// P(value | all causes but one), as far as they explain the rest.
    [[nodiscard]] double elsewhere(const std::string& cause, Feature feature) const;
    [[nodiscard]] double with(const std::string& cause, Feature feature) const;

    Symptoms symptoms_;
    const Likelihoods& table_;
    std::vector<double> posterior_;  // of each row of the table
    std::vector<Cause> causes_;
    double alive_ = 0;
};

}  // namespace vmc::model
