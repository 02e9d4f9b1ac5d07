// SPDX-License-Identifier: Apache-2.0
#include "model/power_log.hpp"

#include <algorithm>
#include <array>

#include "model/record_line.hpp"
#include "model/record_name.hpp"

namespace vmc::model {
namespace {

/// "ACTION AT UNTIL MARK over|open".
std::optional<PowerLog::Deed> deed_of(std::string_view line) {
    std::array<std::string_view, 5> words;
    for (auto& word : words) word = take_field(line);
    const auto action = parse_power_action(words[0]);
    const auto at = parse_record_time(words[1]), until = parse_record_time(words[2]);
    const bool over = words[4] == "over";
    if (!action || !at || !until || *until < *at || words[3].empty() || (!over && words[4] != "open") || !line.empty())
        return std::nullopt;
    return PowerLog::Deed{*action, *at, *until, std::string(words[3]), over};
}

}  // namespace

std::optional<PowerLog> PowerLog::parse(std::string_view record) {
    PowerLog log;
    while (!record.empty()) {
        const auto end = record.find('\n');
        if (end == std::string_view::npos) return std::nullopt;  // cut short
        auto deed = deed_of(record.substr(0, end));
        if (!deed || log.deeds_.size() == kept) return std::nullopt;
        log.deeds_.push_back(std::move(*deed));
        record.remove_prefix(end + 1);
    }
    return log;
}

std::string PowerLog::serialise() const {
    std::string text;
    for (const Deed& deed : deeds_)
        text += std::string(slug(deed.action)) + " " + record_time(deed.at) + " " + record_time(deed.until) + " " +
                deed.mark + (deed.over ? " over\n" : " open\n");
    return text;
}

std::optional<PowerLog::Deed> PowerLog::under_way(WallTime now) const {
    for (const Deed& deed : deeds_) {
        const bool from_the_future = deed.at - now > deed.until - deed.at;
        if (!deed.over && now < deed.until && !from_the_future) return deed;
    }
    return std::nullopt;
}

void PowerLog::begin(PowerAction action, WallTime now, Duration within, std::string mark) {
    const auto until = now + std::chrono::ceil<std::chrono::milliseconds>(within);
    deeds_.push_back({action, now, until, std::move(mark), false});
    if (deeds_.size() > kept) deeds_.pop_front();
}

void PowerLog::end(std::string_view mark) {
    for (Deed& deed : deeds_)
        if (deed.mark == mark) deed.over = true;
}

std::string power_log_name(const Target& target) {
    return record_name("power", {target.host(), std::to_string(target.port())});
}

}  // namespace vmc::model
