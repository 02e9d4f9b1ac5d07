// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <charconv>
#include <concepts>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace vmc::model {

/// `key=value` lines, as our records and our scripts on the VM write them. The first `=` splits;
/// a line without one is skipped; of two lines with one key the first counts, so that nothing
/// that follows can overwrite what was read. Views into `text`.
[[nodiscard]] std::map<std::string_view, std::string_view> key_values(std::string_view text);

/// A whole non-negative decimal number and nothing else, in range; or nothing.
template <std::integral T>
[[nodiscard]] std::optional<T> whole_number(std::string_view text) {
    T value{};
    if (text.empty() || text.front() == '-') return std::nullopt;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

}  // namespace vmc::model
