// SPDX-License-Identifier: Apache-2.0
#include <vm_connection/recovery.hpp>

#include <array>

namespace vmc {

namespace {

constexpr std::array slugs = {"look-again", "repair", "reboot", "sysrq", "nmi", "power-cycle"};

}  // namespace

std::string_view slug(Rung rung) noexcept { return slugs.at(static_cast<std::size_t>(rung)); }

std::optional<Rung> parse_rung(std::string_view text) noexcept {
    for (std::size_t i = 0; i < slugs.size(); ++i)
        if (slugs[i] == text) return static_cast<Rung>(i);
    return std::nullopt;
}

}  // namespace vmc
