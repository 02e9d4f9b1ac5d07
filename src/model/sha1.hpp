// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace vmc::model {

using Sha1 = std::array<std::uint8_t, 20>;

/// RFC 3174. For the hashed names of known_hosts only: no longer fit to protect anything.
[[nodiscard]] Sha1 sha1(std::string_view bytes);
/// RFC 2104 with SHA-1: what `|1|salt|hash` in known_hosts is made of (key: salt, bytes: host name).
[[nodiscard]] Sha1 hmac_sha1(std::string_view key, std::string_view bytes);

}  // namespace vmc::model
