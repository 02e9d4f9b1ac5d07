// SPDX-License-Identifier: Apache-2.0
#include "model/console_lines.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "model/escape.hpp"
#include "model/key_values.hpp"
#include "model/record_name.hpp"
#include "model/time_text.hpp"
#include "model/utf8.hpp"

namespace vmc::model {
namespace {

constexpr std::size_t stamp_size = 24;

/// How many bytes at the end begin a character that is not finished: 0 to 3.
std::size_t unfinished(std::string_view bytes) {
    for (std::size_t tail = 1; tail <= std::min<std::size_t>(3, bytes.size()); ++tail)
        if (utf8_step(bytes.substr(bytes.size() - tail)).kind == Utf8Step::Kind::incomplete) return tail;
    return 0;
}

std::optional<int> number(std::string_view text, std::size_t at, std::size_t digits) {
    return whole_number<int>(text.substr(at, digits));
}

std::optional<WallTime> time_of(std::string_view stamp) {
    constexpr std::string_view shape = "0000-00-00T00:00:00.000Z";
    if (stamp.size() != shape.size()) return std::nullopt;
    for (std::size_t i = 0; i < shape.size(); ++i) {
        const bool digit = stamp[i] >= '0' && stamp[i] <= '9';
        if (shape[i] == '0' ? !digit : stamp[i] != shape[i]) return std::nullopt;
    }
    using namespace std::chrono;
    const year_month_day day(year(*number(stamp, 0, 4)), month(static_cast<unsigned>(*number(stamp, 5, 2))),
                             std::chrono::day(static_cast<unsigned>(*number(stamp, 8, 2))));
    const int hour = *number(stamp, 11, 2), minute = *number(stamp, 14, 2), second = *number(stamp, 17, 2);
    if (!day.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
    return sys_days(day) + hours(hour) + minutes(minute) + seconds(second) + milliseconds(*number(stamp, 20, 3));
}

}  // namespace

ConsoleLine ConsoleSplitter::take(std::size_t size) {
    ConsoleLine line;
    line.at = began_;
    line.text = escape_for_terminal(std::string_view(held_).substr(0, size));
    held_.erase(0, size);
    return line;
}

std::vector<ConsoleLine> ConsoleSplitter::feed(std::string_view bytes, WallTime at) {
    std::vector<ConsoleLine> lines;
    while (!bytes.empty()) {
        if (held_.empty()) began_ = at;
        const auto end = std::min({bytes.find_first_of("\r\n"), bytes.size(), longest - held_.size()});
        if (end > 0) ended_ = false;
        held_ += bytes.substr(0, end);
        bytes.remove_prefix(end);
        if (held_.size() == longest) {
            lines.push_back(take(longest - unfinished(held_)));
            began_ = at;
            ended_ = held_.empty();
            continue;
        }
        if (bytes.empty()) break;
        const bool feed = bytes.front() == '\n';
        bytes.remove_prefix(1);
        const bool empty = held_.empty();
        if (empty ? feed && !ended_ : true) lines.push_back(take(held_.size()));
        ended_ = !feed && (!empty || ended_);
    }
    return lines;
}

std::optional<ConsoleLine> ConsoleSplitter::flush() {
    if (held_.empty()) return std::nullopt;
    ended_ = true;
    return take(held_.size());
}

std::string console_stamp(WallTime at) {
    using namespace std::chrono;
    constexpr WallTime first = sys_days(year(0) / January / 1);
    constexpr WallTime last = sys_days(year(9999) / December / 31) + hours(23);
    return iso_time(std::clamp(at, first, last));
}

std::string console_record(const ConsoleLine& line) {
    return console_stamp(line.at) + (line.note ? "*" : "") + " " + line.text + "\n";
}

std::optional<ConsoleLine> parse_console_record(std::string_view record) {
    const auto at = time_of(record.substr(0, stamp_size));
    if (!at) return std::nullopt;
    record.remove_prefix(stamp_size);
    ConsoleLine line;
    line.at = *at;
    line.note = record.starts_with('*');
    if (line.note) record.remove_prefix(1);
    if (!record.starts_with(' ')) return std::nullopt;
    line.text = record.substr(1);
    return line;
}

std::string console_log_name(const Target& target) {
    return record_name("console", {target.host(), std::to_string(target.port())});
}

}  // namespace vmc::model
