// SPDX-License-Identifier: Apache-2.0
#include "sweep.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>

namespace vmc::test {

namespace {

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
    const char* const text = std::getenv(variable);
    return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

}  // namespace

Sweep::Sweep(std::string test_case, std::uint64_t seeds) : test_case_(std::move(test_case)) {
    const char* const sweep = std::getenv("VMC_SWEEP");
    if (sweep && std::string(sweep) == "full") seeds *= 10;
    const std::uint64_t only = number_from("VMC_SEED", 0);
    first_ = only ? only : number_from("VMC_FIRST_SEED", 1);
    last_ = only ? only : first_ + number_from("VMC_SEEDS", seeds) - 1;
}

std::string Sweep::replay_command(std::uint64_t seed) const {
    // doctest takes a comma for the end of one filter and the beginning of the next.
    std::string filter = test_case_;
    std::ranges::replace(filter, ',', '?');
    return "VMC_SEED=" + std::to_string(seed) + " " + program_invocation_name + " --test-case='" + filter + "'";
}

}  // namespace vmc::test
