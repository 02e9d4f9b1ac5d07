// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include <vm_connection/outcome.hpp>

namespace vmc::model {

/// The stable slug for what one failure by itself proves: "dns", "sshd-down", "auth-denied", …
/// "unknown" where it proves nothing: silence does not say who is silent. A diagnosis, which
/// weighs several pieces of evidence, can say more.
[[nodiscard]] std::string_view cause_of(const Error& error) noexcept;
/// "none" for a command that ended by itself.
[[nodiscard]] std::string_view cause_of(const Outcome& outcome) noexcept;

}  // namespace vmc::model
