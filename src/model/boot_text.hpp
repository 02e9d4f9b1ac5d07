// SPDX-License-Identifier: Apache-2.0
// How a reading of a VM's boot is kept between two runs of a program.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <vm_connection/boot.hpp>

namespace vmc::model {

/// A few `key=value` lines.
[[nodiscard]] std::string boot_text(const BootRecord& record);
/// Strict about the boot id and the times; nothing for what is no record of ours.
[[nodiscard]] std::optional<BootRecord> parse_boot_text(std::string_view text);

/// "boots/<name>": the host as the user names it, with everything but letters, digits and `-`
/// written as `_` and two hex digits, so that no name climbs and no two names meet.
[[nodiscard]] std::string boot_record_name(std::string_view host);

}  // namespace vmc::model
