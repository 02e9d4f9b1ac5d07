// SPDX-License-Identifier: Apache-2.0
// How a recovery is shown. No doing here.
#pragma once

#include <string>

#include <vm_connection/recovery.hpp>

namespace vmc::cli {

/// What became of it, and each step; of a dry run what may be done and what not.
[[nodiscard]] std::string recovery_page(const std::string& host, const Recovery& done);
/// One JSON document, schema 1.
[[nodiscard]] std::string recovery_json(const std::string& host, const Recovery& done);

}  // namespace vmc::cli
