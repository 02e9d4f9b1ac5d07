// SPDX-License-Identifier: Apache-2.0
// What power switches say, read strictly: what is not one of the words that are known is "unknown".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <vm_connection/power.hpp>

namespace vmc::model {

/// Of a fence agent's "status": 0 is on and 2 is off, unless its own last word says the contrary.
[[nodiscard]] PowerState state_of_agent(std::optional<int> code, std::string_view out);
/// The first word of what a program printed, in whatever case: "On\n", "off", "running" (on), "shut off" is none.
[[nodiscard]] PowerState state_of_word(std::string_view out);
/// `status` of QEMU's query-status.
[[nodiscard]] PowerState state_of_qemu(std::string_view status);
/// How a machine stands by the name of one of QEMU's events; nothing for one that does not tell that.
[[nodiscard]] std::optional<PowerState> state_of_qemu_event(std::string_view event);

/// Whether an option of an agent by this name holds what nobody else may read ("password", "secret_key", "token"); the
/// name of a file that does is none.
[[nodiscard]] bool is_secret(std::string_view option);

/// The last line of stderr, else of stdout, fit for a terminal, at most 300 bytes.
[[nodiscard]] std::string last_words(std::string_view out, std::string_view err);
/// "exit 1: Connection refused", "ended by a signal".
[[nodiscard]] std::string how_it_failed(std::optional<int> code, std::string_view out, std::string_view err);

}  // namespace vmc::model
