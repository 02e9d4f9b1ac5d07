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

/// The end of the year 2261, in milliseconds since 1970: a few months later nanoseconds leave 64 bits, and a record
/// that somebody damaged would be undefined behaviour.
inline constexpr std::int64_t last_millisecond = 9'214'646'400'000;

}  // namespace vmc::model
