// SPDX-License-Identifier: Apache-2.0
#include "sim/random.hpp"

namespace vmc::sim {

std::string hex(port::Random& random, std::size_t length) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    for (std::size_t i = 0; i < length; ++i) text += digits[random.draw() & 15];
    return text;
}

std::string uuid(port::Random& random) {
    std::string text = hex(random, 32);
    text[12] = '4';
    for (const std::size_t dash : {20u, 16u, 12u, 8u}) text.insert(dash, "-");
    return text;
}

}  // namespace vmc::sim
