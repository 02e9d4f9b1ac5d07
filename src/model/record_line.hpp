// SPDX-License-Identifier: Apache-2.0
// Words and times as they stand in the lines of our records.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <vm_connection/time.hpp>

namespace vmc::model {

/// Takes the next word off a line; one blank parts them. An empty line gives empty words.
[[nodiscard]] std::string_view take_field(std::string_view& line);
/// Milliseconds since 1970.
[[nodiscard]] std::string record_time(WallTime at);
/// Nothing for what is no such number, for zero, and beyond last_millisecond.
[[nodiscard]] std::optional<WallTime> parse_record_time(std::string_view text);

}  // namespace vmc::model
