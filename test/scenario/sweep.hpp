// SPDX-License-Identifier: Apache-2.0
// Many seeds, one promise: what is printed beside a zero says how many tries it rests on, and a
// failing seed prints the one command that plays it again.
#pragma once

#include <cstdint>
#include <string>

namespace vmc::test {

/// Which seeds a sweep plays: VMC_SEED=n only that one; VMC_SEEDS=n that many, from VMC_FIRST_SEED
/// (1) on; ten times the usual number with VMC_SWEEP=full.
class Sweep {
public:
    Sweep(std::string test_case, std::uint64_t seeds);
    [[nodiscard]] std::uint64_t first() const noexcept { return first_; }
    [[nodiscard]] std::uint64_t last() const noexcept { return last_; }
    /// True when only one seed is played: then the story is worth printing.
    [[nodiscard]] bool replay() const noexcept { return first_ == last_; }
    [[nodiscard]] std::string replay_command(std::uint64_t seed) const;

private:
    std::string test_case_;
    std::uint64_t first_ = 1;
    std::uint64_t last_ = 1;
};

}  // namespace vmc::test
