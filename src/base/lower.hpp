// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace vmc {

/// A to Z as a to z, whatever the locale; every other byte as it is.
[[nodiscard]] std::string lower(std::string_view text);

}  // namespace vmc
