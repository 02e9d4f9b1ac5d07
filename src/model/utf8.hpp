// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace vmc::model {

/// What stands at the beginning of some bytes.
struct Utf8Step {
    enum class Kind {
        character,   ///< one well-formed sequence (RFC 3629: no surrogates, no overlong forms)
        invalid,     ///< one byte that begins or continues nothing
        incomplete,  ///< the bytes end before the sequence does; more may complete it
    };
    Kind kind = Kind::incomplete;
    std::size_t size = 0;    ///< bytes taken: 1 to 4; 1 for invalid; all for incomplete
    char32_t character = 0;
};
[[nodiscard]] Utf8Step utf8_step(std::string_view bytes) noexcept;

}  // namespace vmc::model
