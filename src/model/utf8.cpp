// SPDX-License-Identifier: Apache-2.0
#include "model/utf8.hpp"

namespace vmc::model {
namespace {

struct Lead {
    std::size_t size;
    unsigned char low, high;  ///< bounds of the second byte: no overlong forms, no surrogates
    unsigned char bits;
};

/// Table 3-7 of the Unicode standard; size 0: no sequence begins so.
Lead lead_of(unsigned char byte) noexcept {
    if (byte < 0x80) return {1, 0, 0, 0x7F};
    if (byte >= 0xC2 && byte <= 0xDF) return {2, 0x80, 0xBF, 0x1F};
    if (byte == 0xE0) return {3, 0xA0, 0xBF, 0x0F};
    if (byte == 0xED) return {3, 0x80, 0x9F, 0x0F};
    if (byte >= 0xE1 && byte <= 0xEF) return {3, 0x80, 0xBF, 0x0F};
    if (byte == 0xF0) return {4, 0x90, 0xBF, 0x07};
    if (byte >= 0xF1 && byte <= 0xF3) return {4, 0x80, 0xBF, 0x07};
    if (byte == 0xF4) return {4, 0x80, 0x8F, 0x07};
    return {0, 0, 0, 0};
}

}  // namespace

Utf8Step utf8_step(std::string_view bytes) noexcept {
    if (bytes.empty()) return {};
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
    const Lead lead = lead_of(at(0));
    if (lead.size == 0) return {Utf8Step::Kind::invalid, 1, 0};
    char32_t character = at(0) & lead.bits;
    for (std::size_t i = 1; i < lead.size; ++i) {
        if (i == bytes.size()) return {Utf8Step::Kind::incomplete, bytes.size(), 0};
        const unsigned char low = i == 1 ? lead.low : 0x80, high = i == 1 ? lead.high : 0xBF;
        if (at(i) < low || at(i) > high) return {Utf8Step::Kind::invalid, 1, 0};
        character = character << 6 | (at(i) & 0x3F);
    }
    return {Utf8Step::Kind::character, lead.size, character};
}

}  // namespace vmc::model
