// SPDX-License-Identifier: Apache-2.0
#include "model/record_line.hpp"

#include <algorithm>
#include <cstdint>

#include "model/key_values.hpp"
#include "model/record_name.hpp"

namespace vmc::model {

std::string_view take_field(std::string_view& line) {
    const auto end = std::min(line.find(' '), line.size());
    const auto word = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
    return word;
}

std::string record_time(WallTime at) { return std::to_string(at.time_since_epoch().count()); }

std::optional<WallTime> parse_record_time(std::string_view text) {
    const auto number = whole_number<std::int64_t>(text);
    if (!number || *number <= 0 || *number > last_millisecond) return std::nullopt;
    return WallTime(std::chrono::milliseconds(*number));
}

}  // namespace vmc::model
