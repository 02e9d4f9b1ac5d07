// SPDX-License-Identifier: Apache-2.0
#include "model/key_values.hpp"

namespace vmc::model {

std::map<std::string_view, std::string_view> key_values(std::string_view text) {
    std::map<std::string_view, std::string_view> values;
    while (!text.empty()) {
        const auto end = text.find('\n');
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        const auto equals = line.find('=');
        if (equals != std::string_view::npos) values.emplace(line.substr(0, equals), line.substr(equals + 1));
    }
    return values;
}

}  // namespace vmc::model
