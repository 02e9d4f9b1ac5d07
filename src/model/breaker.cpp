// SPDX-License-Identifier: Apache-2.0
#include "model/breaker.hpp"

#include <algorithm>
#include <cstdint>

#include "model/key_values.hpp"

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

Breaker Breaker::parse(std::string_view record) {
    const auto values = key_values(record);
    const auto number = [&](std::string_view key) -> std::optional<std::int64_t> {
        const auto found = values.find(key);
        return found == values.end() ? std::nullopt : whole_number<std::int64_t>(found->second);
    };
    const auto denials = number("denials"), last = number("last_denied_ms"), before = number("worked_before");
    constexpr std::int64_t year_9999 = 253402300799999;  // beyond it, arithmetic would leave calendars
    if (!denials || !last || !before || *denials > limit || *last > year_9999 || *before > 1) return {};
    Breaker breaker;
    breaker.denials_ = static_cast<int>(*denials);
    breaker.last_denied_ = WallTime(std::chrono::milliseconds(*last));
    breaker.worked_before_ = *before == 1;
    return breaker;
}

std::string Breaker::serialise() const {
    return "denials=" + std::to_string(denials_) +
           "\nlast_denied_ms=" + std::to_string(last_denied_.time_since_epoch().count()) +
           "\nworked_before=" + (worked_before_ ? "1" : "0") + "\n";
}

bool Breaker::counts(WallTime now) const {
    return denials_ > 0 && last_denied_ + hold > now && last_denied_ - hold <= now;
}

void Breaker::denied(WallTime now) {
    denials_ = counts(now) ? std::min(denials_ + 1, limit) : 1;
    last_denied_ = now;
}

void Breaker::worked() {
    denials_ = 0;
    last_denied_ = {};
    worked_before_ = true;
}

std::optional<WallTime> Breaker::open_until(WallTime now) const {
    if (denials_ < limit || !counts(now)) return std::nullopt;
    return std::chrono::floor<std::chrono::milliseconds>(std::min(last_denied_, now) + hold);
}

std::string breaker_name(const Target& target) {
    Fnv1a hash;
    hash.field(target.host());
    hash.field(std::to_string(target.port()));
    hash.field(target.user());
    for (const std::string& key : target.keys()) hash.field(key);
    return "breaker/" + hash.hex();
}

}  // namespace vmc::model
