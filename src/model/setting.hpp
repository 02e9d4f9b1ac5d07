// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace vmc::model {

/// How we stand to the VM: what TCP and ARP can say depends on it.
enum class Setting : std::uint8_t {
    direct,     ///< through routers: silence is all that a dead host gives
    local,      ///< on our own network: nobody answers ARP for a dead host
    forwarded,  ///< TCP ends at a forwarder or proxy, which may accept for a dead host
};
inline constexpr std::size_t settings = 3;
[[nodiscard]] std::string_view slug(Setting setting) noexcept;
[[nodiscard]] std::optional<Setting> parse_setting(std::string_view text) noexcept;

}  // namespace vmc::model
