// SPDX-License-Identifier: Apache-2.0
#include "fuzz/mutate.hpp"

#include <algorithm>

namespace vmc::fuzz {

namespace {

constexpr std::size_t longest = 64 * 1024;

/// splitmix64.
class Dice {
public:
    explicit Dice(std::uint64_t seed) : state_(seed) {}
    std::uint64_t roll() {
        std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
        z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27U)) * 0x94d049bb133111eb;
        return z ^ (z >> 31U);
    }
    std::size_t below(std::size_t count) { return count == 0 ? 0 : static_cast<std::size_t>(roll() % count); }

private:
    std::uint64_t state_;
};

const std::vector<std::string>& troublemakers() {
    static const std::vector<std::string> all{"\n",
                                              "\r\n",
                                              "=",
                                              " ",
                                              ",",
                                              ":",
                                              ".",
                                              "-",
                                              "|",
                                              "/",
                                              "%",
                                              "\\",
                                              "\"",
                                              "\t",
                                              std::string(1, '\0'),
                                              "\x1e",
                                              "\x1b[",
                                              "\xff",
                                              "\xc3",
                                              "\xe2\x80\xae",
                                              "\xed\xa0\x80",
                                              "\xf4\x90\x80\x80",
                                              "0",
                                              "-1",
                                              "1e308",
                                              "nan",
                                              "0x7f",
                                              "4294967296",
                                              "9223372036854775807",
                                              "9223372036854775808",
                                              "18446744073709551616",
                                              "99999999999999999999999999999",
                                              "\nvmc-begin-0123456789abcdef\n",
                                              "\nvmc-end-0123456789abcdef\n",
                                              "\nvmc-data-0123456789abcdef\n",
                                              "vmc-end-fedcba9876543210",
                                              "boot_id=",
                                              "ceb56c8c-724b-48dd-8e95-1576b5fe53f2",
                                              "SSH-",
                                              "SSH-2.0-x\r\n"};
    return all;
}

void damage(std::string& text, const Target& target, Dice& dice) {
    const std::size_t at = dice.below(text.size() + 1);
    const std::size_t span = std::min(text.size() - at, 1 + dice.below(24));
    switch (dice.below(9)) {
        case 0:
            if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << dice.below(8)));
            return;
        case 1:
            if (at < text.size()) text[at] = static_cast<char>(dice.below(256));
            return;
        case 2: text.erase(at, span); return;
        case 3: text.insert(at, text.substr(at, span)); return;
        case 4: text.resize(at); return;
        case 5: text.erase(0, at); return;
        case 6: {
            const auto& other = target.corpus[dice.below(target.corpus.size())];
            text.insert(at, other.substr(dice.below(other.size() + 1), 1 + dice.below(80)));
            return;
        }
        case 7: text.replace(at, span, troublemakers()[dice.below(troublemakers().size())]); return;
        default:
            text.insert(at, std::string(dice.below(3) == 0 ? 5000 : 40, static_cast<char>(dice.below(256))));
            return;
    }
}

}  // namespace

std::string mutated(const Target& target, std::uint64_t seed) {
    Dice dice(seed);
    std::string text = target.corpus[dice.below(target.corpus.size())];
    for (auto ways = 1 + dice.below(8); ways > 0; --ways) damage(text, target, dice);
    if (text.size() > longest) text.resize(longest);
    return text;
}

}  // namespace vmc::fuzz
