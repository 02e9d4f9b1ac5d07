// SPDX-License-Identifier: Apache-2.0
#include "model/etiquette.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "model/key_values.hpp"
#include "model/record_name.hpp"

namespace vmc::model {
namespace {
constexpr std::size_t longest_why = 400;
/// A boot that has not moved on for so long is asked at the usual pace again.
constexpr Duration keeps_out_for = std::chrono::minutes(1);

std::string join(const std::deque<WallTime>& times) {
    std::string text;
    for (const auto when : times) text += (text.empty() ? "" : ",") + std::to_string(when.time_since_epoch().count());
    return text;
}

/// False for what we did not write.
bool split(std::string_view text, std::deque<WallTime>& times) {
    while (!text.empty()) {
        const auto comma = text.find(',');
        const auto when = whole_number<std::int64_t>(text.substr(0, comma));
        if (!when || *when > last_millisecond || times.size() == Etiquette::abandoned_limit) return false;
        times.emplace_back(std::chrono::milliseconds(*when));
        text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
    }
    return true;
}

bool is_recent(WallTime when, WallTime now, Duration span) { return when + span > now && when - span <= now; }
}  // namespace

Etiquette Etiquette::parse(std::string_view record) {
    const auto values = key_values(record);
    const auto value = [&values](std::string_view key) {
        const auto found = values.find(key);
        return found == values.end() ? std::string_view{} : found->second;
    };
    Etiquette etiquette;
    if (!values.contains("abandoned_ms") || !split(value("abandoned_ms"), etiquette.abandoned_)) return {};
    if (!split(value("unserved_ms"), etiquette.unserved_)) return {};
    if (!split(value("under_way_ms"), etiquette.under_way_)) return {};
    const auto kept_out = whole_number<std::int64_t>(value("kept_out_ms"));
    if (kept_out && *kept_out <= last_millisecond) etiquette.kept_out_ = WallTime(std::chrono::milliseconds(*kept_out));
    if (const auto why = values.find("why"); why != values.end()) etiquette.why_ = why->second;
    return etiquette;
}

std::string Etiquette::serialise() const {
    return "abandoned_ms=" + join(abandoned_) + "\nunserved_ms=" + join(unserved_) +
           "\nunder_way_ms=" + join(under_way_) +
           "\nkept_out_ms=" + std::to_string(kept_out_.time_since_epoch().count()) + "\nwhy=" + why_ + "\n";
}

void Etiquette::remember(std::deque<WallTime>& kind, WallTime when, std::string_view why) {
    why_ = why.substr(0, std::min(why.find('\n'), longest_why));
    kind.push_back(when);
    if (kind.size() > abandoned_limit) kind.pop_front();
}

/// The same time in both lists stands for one connection (given_up); two that ended together are two.
WallTime Etiquette::unlike_others(WallTime when) const {
    const auto taken = [&](const std::deque<WallTime>& kind) { return std::ranges::find(kind, when) != kind.end(); };
    when = std::chrono::floor<std::chrono::milliseconds>(when);
    while (taken(abandoned_) || taken(unserved_)) when += std::chrono::milliseconds(1);
    return when;
}

void Etiquette::abandoned(WallTime when, std::string_view why) { remember(abandoned_, unlike_others(when), why); }

void Etiquette::unserved(WallTime when, std::string_view why) { remember(unserved_, unlike_others(when), why); }

void Etiquette::given_up(WallTime when, std::string_view why) {
    when = unlike_others(when);
    remember(abandoned_, when, why);
    remember(unserved_, when, why);
}

bool Etiquette::counts_already(WallTime unserved) const {
    return std::ranges::find(abandoned_, unserved) != abandoned_.end();
}

/// sshd may have met each when we left it, and its word was lost on the way; or just now. To the latter we count not to
/// the limit: who has just been let in must be able to come again.
void Etiquette::served(WallTime when) {
    std::erase_if(abandoned_, [when](WallTime left) { return !is_recent(left, when, window); });
    std::erase_if(unserved_, [this](WallTime left) { return counts_already(left); });
    for (; !unserved_.empty(); unserved_.pop_back()) {
        const WallTime left = unserved_.back();
        if (abandoned_.size() + 1 < abandoned_limit) abandoned_.push_back(when);
        else if (is_recent(left, when, window)) abandoned_.push_back(left);
    }
    std::ranges::sort(abandoned_);
    while (abandoned_.size() > abandoned_limit) abandoned_.pop_front();
}

bool Etiquette::keeps_out(WallTime now) const { return is_recent(kept_out_, now, keeps_out_for); }

std::vector<WallTime> Etiquette::of_late(WallTime now) const {
    std::vector<WallTime> recent;
    const auto counts = [now](WallTime when) { return is_recent(when, now, window); };
    std::ranges::copy_if(abandoned_, std::back_inserter(recent), counts);
    std::ranges::copy_if(unserved_, std::back_inserter(recent),
                         [&](WallTime when) { return counts(when) && !counts_already(when); });
    std::ranges::sort(recent);
    return recent;
}

std::optional<WallTime> Etiquette::begin(WallTime now) {
    std::erase_if(under_way_, [now](WallTime begun) { return !is_recent(begun, now, window); });
    const std::size_t left = of_late(now).size();
    if (left + under_way_.size() >= abandoned_limit) return std::nullopt;
    const auto just_begun = [now](WallTime begun) { return is_recent(begun, now, pace); };
    if (left > 0 && std::ranges::any_of(under_way_, just_begun)) return std::nullopt;
    auto place = std::chrono::floor<std::chrono::milliseconds>(now);
    while (std::ranges::find(under_way_, place) != under_way_.end()) place += std::chrono::milliseconds(1);
    under_way_.push_back(place);
    return place;
}

std::optional<WallTime> Etiquette::held_until(WallTime now) const {
    const auto recent = of_late(now);
    std::optional<WallTime> since;
    if (recent.size() >= abandoned_limit) since = recent[recent.size() - abandoned_limit];
    if (unserved_.size() >= unserved_limit && is_recent(unserved_.back(), now, window)) since = unserved_.back();
    if (!since) return std::nullopt;
    return std::chrono::floor<std::chrono::milliseconds>(std::min(*since, now) + window);
}

bool is_abandoned(const Error& why) noexcept {
    switch (why.code()) {
        case Code::lost: return why.is_given_up_here();
        case Code::auth_denied:
        case Code::throttled:
        case Code::booting:
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
