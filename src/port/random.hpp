// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace vmc::port {

/// Chance. One 64-bit draw at a time; the pure code is handed draws, never this.
class Random {
public:
    virtual ~Random() = default;
    virtual std::uint64_t draw() = 0;
};

}  // namespace vmc::port
