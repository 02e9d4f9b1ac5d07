// SPDX-License-Identifier: Apache-2.0
// How a diagnosis is shown. No doing here.
#pragma once

#include <string>

#include <vm_connection/diagnosis.hpp>

namespace vmc::cli {

/// A short paragraph, the layers, the causes with what speaks for and against each; for a terminal of `width`
/// columns (0: not wrapped).
[[nodiscard]] std::string diagnosis_page(const std::string& host, const Diagnosis& diagnosis, bool colour,
                                         std::size_t width);
/// The paragraph alone, as one line: what `run` and `exec` say when a link is lost.
[[nodiscard]] std::string diagnosis_line(const Diagnosis& diagnosis);
/// One JSON document, schema 1.
[[nodiscard]] std::string diagnosis_json(const std::string& host, const Diagnosis& diagnosis,
                                         std::string_view event = {});

}  // namespace vmc::cli
