// SPDX-License-Identifier: Apache-2.0
#include "base/lower.hpp"

namespace vmc {

std::string lower(std::string_view text) {
    std::string small(text);
    for (char& c : small)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return small;
}

}  // namespace vmc
