// SPDX-License-Identifier: Apache-2.0
#include "model/etiquette.hpp"

#include <algorithm>
#include <cstdint>

#include "model/key_values.hpp"
#include "model/record_name.hpp"

namespace vmc::model {
namespace {
constexpr std::size_t longest_why = 400;
}  // namespace

Etiquette Etiquette::parse(std::string_view record) {
    const auto values = key_values(record);
    const auto found = values.find("abandoned_ms");
    if (found == values.end()) return {};
    Etiquette etiquette;
    for (std::string_view rest = found->second; !rest.empty();) {
        const auto comma = rest.find(',');
        const auto when = whole_number<std::int64_t>(rest.substr(0, comma));
        if (!when || *when > last_millisecond || etiquette.abandoned_.size() == abandoned_limit) return {};
        etiquette.abandoned_.emplace_back(std::chrono::milliseconds(*when));
        rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
    }
    if (const auto why = values.find("why"); why != values.end()) etiquette.why_ = why->second;
    return etiquette;
}

std::string Etiquette::serialise() const {
    std::string line = "abandoned_ms=";
    for (const auto when : abandoned_)
        line += (line.back() == '=' ? "" : ",") + std::to_string(when.time_since_epoch().count());
    return line + "\nwhy=" + why_ + "\n";
}

void Etiquette::abandoned(WallTime when, std::string_view why) {
    why_ = why.substr(0, std::min(why.find('\n'), longest_why));
    abandoned_.push_back(when);
    if (abandoned_.size() > abandoned_limit) abandoned_.pop_front();
}

std::optional<WallTime> Etiquette::held_until(WallTime now) const {
    const auto counts = [now](WallTime when) { return when + window > now && when - window <= now; };
    if (abandoned_.size() < abandoned_limit || !std::ranges::all_of(abandoned_, counts)) return std::nullopt;
    return std::chrono::floor<std::chrono::milliseconds>(std::min(std::ranges::min(abandoned_), now) + window);
}

bool is_abandoned(Code code) noexcept {
    switch (code) {
        case Code::auth_denied:
        case Code::throttled:
        case Code::booting:
        case Code::lost:
        case Code::protocol:
        case Code::refused:
        case Code::unreachable: return false;
        default: return true;
    }
}

std::string etiquette_name(const Target& target) {
    return record_name("etiquette", {target.host(), std::to_string(target.port())});
}

}  // namespace vmc::model
