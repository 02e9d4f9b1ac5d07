// SPDX-License-Identifier: Apache-2.0
#include "model/record_name.hpp"

namespace vmc::model {
namespace {

/// Fowler, Noll and Vo's hash: offset basis and prime as published for 64 bits.
class Fnv1a {
public:
    void field(std::string_view text) {
        for (const char c : text) byte(static_cast<unsigned char>(c));
        byte(0);
    }
    [[nodiscard]] std::string hex() const {
        std::string digits;
        for (int shift = 60; shift >= 0; shift -= 4) digits += "0123456789abcdef"[(hash_ >> shift) & 15U];
        return digits;
    }

private:
    void byte(unsigned char value) { hash_ = (hash_ ^ value) * 0x100000001b3ULL; }
    std::uint64_t hash_ = 0xcbf29ce484222325ULL;
};

}  // namespace

std::string record_name(std::string_view folder, const std::vector<std::string>& fields) {
    Fnv1a hash;
    for (const auto& field : fields) hash.field(field);
    return std::string(folder) + "/" + hash.hex();
}

}  // namespace vmc::model
