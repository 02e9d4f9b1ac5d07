// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace vmc::model {

/// RFC 4648 section 4, strict: padded, no line breaks, no stray bits; else nothing.
[[nodiscard]] std::optional<std::string> base64_decode(std::string_view text);

[[nodiscard]] std::string base64(std::string_view bytes);

}  // namespace vmc::model
