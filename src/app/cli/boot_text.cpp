// SPDX-License-Identifier: Apache-2.0
#include "app/cli/boot_text.hpp"

#include <fmt/format.h>

#include "app/cli/console.hpp"
#include "app/cli/json_text.hpp"
#include "base/span.hpp"

namespace vmc::cli {

namespace {

using json = nlohmann::ordered_json;

constexpr std::size_t columns = 80;

json boot_fields(const BootRecord& boot) {
    const auto text = [](const std::string& value) { return value.empty() ? json() : json(value); };
    json fields;
    fields["boot_id"] = boot.boot_id.text();
    fields["incarnation"] = text(boot.incarnation);
    fields["uptime_s"] = milliseconds(boot.uptime) / 1000;
    fields["read_at"] = iso_time(boot.read_at);
    fields["host_key"] = text(boot.identity.host_key);
    fields["machine_id"] = text(boot.identity.machine_id);
    fields["product_uuid"] = text(boot.identity.product_uuid);
    return fields;
}

void add_line(std::string& text, std::string_view name, const std::string& value) {
    constexpr std::size_t column = 16;
    if (!value.empty()) text += fmt::format("  {:<13} {}\n", name, wrapped(one_line(value), column, columns));
}

/// Both readings; the first line says what follows from them.
std::string two_readings(const BootRecord& before, const BootRecord& now) {
    std::string text;
    const auto seconds = std::chrono::floor<std::chrono::seconds>(before.read_at);
    add_line(text, "recorded", before.boot_id.text() + "  at " + iso_time(seconds).substr(0, 19) + "Z");
    add_line(text, "now", now.boot_id.text() + (now.uptime > Duration{} ? "  up for " + spoken(now.uptime) : ""));
    return text;
}

std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
    return text;
}

json time_or_null(const std::optional<WallTime>& at) { return at ? json(iso_time(*at)) : json(); }

}  // namespace

std::string boot_lines(const std::string& host, const BootRecord& boot) {
    auto text = fmt::format("{}: boot {}\n", host, boot.boot_id.text());
    add_line(text, "up for", boot.uptime > Duration{} ? spoken(boot.uptime) : "");
    add_line(text, "incarnation", boot.incarnation);
    add_line(text, "machine id", boot.identity.machine_id);
    add_line(text, "product uuid", boot.identity.product_uuid);
    add_line(text, "host key", boot.identity.host_key);
    return text;
}

std::string boot_json(const std::string& host, const BootRecord& boot) {
    json fields;
    fields["schema"] = 1;
    fields["host"] = host;
    fields.update(boot_fields(boot));
    return json_line(fields);
}

std::string comparison_lines(const std::string& host, const BootRecord& before, const BootRecord& now,
                             BootChange change) {
    BootStory story(before, now);
    story.change = change;
    // Not more than the two readings tell: nobody was asked.
    const auto line = change == BootChange::reboot ? std::string("rebooted") : story.line();
    return host + ": " + line + "\n" + two_readings(before, now);
}

std::string story_lines(const std::string& host, const BootStory& story) {
    std::string text = wrapped(one_line(host + ": " + story.line()), 2, columns) + "\n";
    text += two_readings(story.before, story.now);
    if (story.change == BootChange::none) return text;
    add_line(text, "known from", joined(story.sources()));
    add_line(text, "cause", story.cause);
    for (const auto& clue : story.evidence)
        if (clue.tells == "note") add_line(text, "note", clue.text);
    return text;
}

nlohmann::ordered_json story_fields(const BootStory& story) {
    json fields;
    fields["boot_change"] = slug(story.change);
    fields["boots"] = or_null(story.boots);
    fields["ended"] = slug(story.ended);
    fields["died_at"] = time_or_null(story.died_at);
    fields["returned_at"] = time_or_null(story.returned_at);
    fields["down_ms"] = story.down ? json(milliseconds(*story.down)) : json();
    const auto still = story.change == BootChange::pause ? stood_still(story.before, story.now) : std::nullopt;
    fields["stood_still_ms"] = still ? json(milliseconds(*still)) : json();
    fields["cause"] = story.cause.empty() ? json() : json(story.cause);
    fields["evidence"] = json::array();
    for (const auto& clue : story.evidence)
        fields["evidence"].push_back({{"tells", clue.tells}, {"source", clue.source}, {"text", clue.text}});
    fields["recorded"] = boot_fields(story.before);
    fields["now"] = boot_fields(story.now);
    return fields;
}

std::string story_json(const std::string& host, const BootStory& story) {
    json fields;
    fields["schema"] = 1;
    fields["host"] = host;
    fields.update(story_fields(story));
    return json_line(fields);
}

}  // namespace vmc::cli
