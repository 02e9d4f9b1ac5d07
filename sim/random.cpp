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
    std::string text;
    for (const std::size_t length : {8u, 4u, 4u, 4u, 12u}) {
        if (!text.empty()) text += '-';
        text += hex(random, length);
    }
    return text;
}

}  // namespace vmc::sim
