// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "fuzz/target.hpp"

namespace vmc::fuzz {

/// Something from the target's corpus, damaged in one to eight ways: the same for the same seed, everywhere.
/// At most 64 KiB.
[[nodiscard]] std::string mutated(const Target& target, std::uint64_t seed);

}  // namespace vmc::fuzz
