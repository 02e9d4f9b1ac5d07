// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vmc::model {

/// "<folder>/<16 hex digits>": FNV-1a 64 over the fields, each ended by a NUL. A name, not a secret:
/// two records that collide (1 in 2^64) would be one.
[[nodiscard]] std::string record_name(std::string_view folder, const std::vector<std::string>& fields);

/// The end of the year 9999, in milliseconds since 1970: beyond it, arithmetic would leave calendars.
inline constexpr std::int64_t last_millisecond = 253402300799999;

}  // namespace vmc::model
