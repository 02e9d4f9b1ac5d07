// SPDX-License-Identifier: Apache-2.0
#include "model/breaker.hpp"

#include <algorithm>
#include <cstdint>

#include "model/key_values.hpp"
#include "model/record_name.hpp"

namespace vmc::model {
Breaker Breaker::parse(std::string_view record) {
    const auto values = key_values(record);
    const auto number = [&](std::string_view key) -> std::optional<std::int64_t> {
        const auto found = values.find(key);
        return found == values.end() ? std::nullopt : whole_number<std::int64_t>(found->second);
    };
    const auto denials = number("denials"), last = number("last_denied_ms"), before = number("worked_before");
    if (!denials || !last || !before || *denials > limit || *last > last_millisecond || *before > 1) return {};
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
    std::vector<std::string> fields{target.host(), std::to_string(target.port()), target.user()};
    fields.insert(fields.end(), target.keys().begin(), target.keys().end());
    return record_name("breaker", fields);
}

}  // namespace vmc::model
