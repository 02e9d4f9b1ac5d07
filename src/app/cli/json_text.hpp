// SPDX-License-Identifier: Apache-2.0
// How our values look in JSON.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>
#include <vm_connection/time.hpp>

#include "model/time_text.hpp"

namespace vmc::cli {

/// One line, with its line feed. What is not UTF-8 is replaced, never an error.
[[nodiscard]] inline std::string json_line(const nlohmann::ordered_json& value) {
    return value.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

template <class T>
[[nodiscard]] nlohmann::ordered_json or_null(const std::optional<T>& value) {
    return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json();
}

[[nodiscard]] double milliseconds(Duration span);
using model::iso_time;
[[nodiscard]] bool is_utf8(std::string_view bytes);
/// How many bytes at the end begin a character that is not finished: 0 to 3.
[[nodiscard]] std::size_t unfinished(std::string_view bytes);
[[nodiscard]] std::string base64(std::string_view bytes);

}  // namespace vmc::cli
