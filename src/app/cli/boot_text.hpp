// SPDX-License-Identifier: Apache-2.0
// How boots and their comparison are shown. No doing here.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include <vm_connection/boot_story.hpp>

namespace vmc::cli {

[[nodiscard]] std::string boot_lines(const std::string& host, const BootRecord& boot);
[[nodiscard]] std::string boot_json(const std::string& host, const BootRecord& boot);

/// Both boot ids, and what follows from them.
[[nodiscard]] std::string comparison_lines(const std::string& host, const BootRecord& before, const BootRecord& now,
                                           BootChange change);
/// The same, with what the VM knows of it; at most 80 columns wide but for a word that is longer.
[[nodiscard]] std::string story_lines(const std::string& host, const BootStory& story);
[[nodiscard]] std::string story_json(const std::string& host, const BootStory& story);
/// What is in it, without schema and host.
[[nodiscard]] nlohmann::ordered_json story_fields(const BootStory& story);

}  // namespace vmc::cli
