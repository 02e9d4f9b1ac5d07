// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "port/random.hpp"

namespace vmc::sim {

/// Chance from one seed: splitmix64 (Steele, Lea, Flood 2014), the same on every machine.
class SimRandom final : public port::Random {
public:
    explicit SimRandom(std::uint64_t seed) : state_(seed) {}

    std::uint64_t draw() override {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }

private:
    std::uint64_t state_;
};

/// 0 … limit-1.
inline std::uint64_t pick(port::Random& random, std::uint64_t limit) { return random.draw() % limit; }
/// True with the given probability, 0 … 1.
inline bool chance(port::Random& random, double probability) {
    return static_cast<double>(random.draw() >> 11) * 0x1.0p-53 < probability;
}
/// A random UUID, lower case, as a kernel writes its boot id.
std::string uuid(port::Random& random);
/// `length` hex digits.
std::string hex(port::Random& random, std::size_t length);

}  // namespace vmc::sim
