// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "app/cli/settings.hpp"

namespace vmc::cli {

/// Reads a config.toml into `settings`: the keys at its top, then those of [host."NAME"] when NAME
/// is `host` or `bare_host`. The whole file is checked, tables of other hosts too.
[[nodiscard]] Expected<void> take_config_file(const std::string& path, std::string_view host,
                                              std::string_view bare_host, Settings& settings);

}  // namespace vmc::cli
