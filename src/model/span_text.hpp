// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include <vm_connection/time.hpp>

namespace vmc::model {

/// A span as people write it: "90", "2.5" (seconds), "250ms", "90s", "5m", "2h", "1d".
/// Nothing for anything else: a sign, an unknown unit, more than 10 years.
[[nodiscard]] std::optional<Duration> parse_span(std::string_view text);

}  // namespace vmc::model
