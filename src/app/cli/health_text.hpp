// SPDX-License-Identifier: Apache-2.0
// How the answer to "is it alive?" is shown. No doing here.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>
#include <vm_connection/health.hpp>

namespace vmc::cli {

/// A line with the verdict, then one for each question asked, wrapped at `width` columns where that
/// is not 0.
[[nodiscard]] std::string health_table(const std::string& host, const Health& health, bool colour, std::size_t width);
/// The line of one question.
[[nodiscard]] std::string evidence_row(const Evidence& evidence, bool colour, std::size_t width);
[[nodiscard]] nlohmann::ordered_json evidence_json(const Evidence& evidence);
/// One JSON document, schema 1.
[[nodiscard]] std::string health_json(const std::string& host, const Health& health);

}  // namespace vmc::cli
