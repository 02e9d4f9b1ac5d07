// SPDX-License-Identifier: Apache-2.0
#include "model/sha1.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <string>

namespace vmc::model {
namespace {

using State = std::array<std::uint32_t, 5>;
constexpr std::size_t block_size = 64;

/// f and K of RFC 3174 section 5 for round t.
std::uint32_t mix(std::size_t t, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
    if (t < 20) return ((b & c) | (~b & d)) + 0x5A827999U;
    if (t < 40) return (b ^ c ^ d) + 0x6ED9EBA1U;
    if (t < 60) return ((b & c) | (b & d) | (c & d)) + 0x8F1BBCDCU;
    return (b ^ c ^ d) + 0xCA62C1D6U;
}

void take_block(State& state, const char* bytes) {
    std::array<std::uint32_t, 80> w{};
    for (std::size_t i = 0; i < block_size; ++i) w[i / 4] = w[i / 4] << 8 | static_cast<unsigned char>(bytes[i]);
    for (std::size_t t = 16; t < w.size(); ++t) w[t] = std::rotl(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
    auto [a, b, c, d, e] = state;
    for (std::size_t t = 0; t < w.size(); ++t) {
        const std::uint32_t next = std::rotl(a, 5) + mix(t, b, c, d) + e + w[t];
        e = d;
        d = c;
        c = std::rotl(b, 30);
        b = a;
        a = next;
    }
    const State added{a, b, c, d, e};
    for (std::size_t i = 0; i < state.size(); ++i) state[i] += added[i];
}

}  // namespace

Sha1 sha1(std::string_view bytes) {
    State state{0x67452301U, 0xEFCDAB89U, 0x98BADCFEU, 0x10325476U, 0xC3D2E1F0U};
    const std::size_t whole = bytes.size() / block_size * block_size;
    for (std::size_t at = 0; at < whole; at += block_size) take_block(state, bytes.data() + at);
    std::string tail(bytes.substr(whole));
    tail += '\x80';
    while (tail.size() % block_size != block_size - 8) tail += '\0';
    const std::uint64_t bits = std::uint64_t{bytes.size()} * 8;
    for (int shift = 56; shift >= 0; shift -= 8) tail += static_cast<char>(bits >> shift & 0xFF);
    for (std::size_t at = 0; at < tail.size(); at += block_size) take_block(state, tail.data() + at);
    Sha1 digest{};
    for (std::size_t i = 0; i < digest.size(); ++i)
        digest[i] = static_cast<std::uint8_t>(state[i / 4] >> (24 - 8 * (i % 4)));
    return digest;
}

Sha1 hmac_sha1(std::string_view key, std::string_view bytes) {
    const auto text = [](const Sha1& digest) { return std::string(digest.begin(), digest.end()); };
    std::string block = key.size() > block_size ? text(sha1(key)) : std::string(key);
    block.resize(block_size, '\0');
    const auto padded = [&](char pad) {
        std::string result = block;
        std::ranges::for_each(result, [pad](char& c) { c = static_cast<char>(c ^ pad); });
        return result;
    };
    return sha1(padded(0x5c) + text(sha1(padded(0x36) + std::string(bytes))));
}

}  // namespace vmc::model
