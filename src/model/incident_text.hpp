// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include <vm_connection/time.hpp>

namespace vmc::model {

inline constexpr std::string_view incident_log_name = "incidents/log";

/// One line of the incident log, a JSON object without its newline:
/// {"schema":1,"at":"2026-11-28T04:22:33.120Z","incident":"…","host":"web-1","event":"began","text":"…"}.
/// What is not UTF-8 is replaced.
[[nodiscard]] std::string incident_line(WallTime at, std::string_view incident, std::string_view host,
                                        std::string_view event, std::string_view text);

}  // namespace vmc::model
