// SPDX-License-Identifier: Apache-2.0
#include "app/cli/boot_text.hpp"

#include <fmt/format.h>

#include "app/cli/console.hpp"
#include "app/cli/json_text.hpp"
#include "base/span.hpp"

namespace vmc::cli {

namespace {

using json = nlohmann::ordered_json;

std::string_view sentence(BootChange change) {
    switch (change) {
        case BootChange::none: return "same boot";
        case BootChange::reboot: return "rebooted";
        case BootChange::soft_reboot: return "soft reboot: user space restarted, the kernel did not";
        case BootChange::snapshot_revert: return "cannot tell: time ran backwards, as after a snapshot revert";
        case BootChange::re_imaged: return "cannot tell: the same hardware with another system on it";
        case BootChange::other_machine: return "cannot tell: another machine answers";
        case BootChange::ambiguous: return "cannot tell whether it is the same machine";
        case BootChange::unknown: return "cannot tell";
    }
    return "cannot tell";
}

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
    if (!value.empty()) text += fmt::format("  {:<13} {}\n", name, one_line(value));
}

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
    auto text = fmt::format("{}: {}\n", host, sentence(change));
    const auto seconds = std::chrono::floor<std::chrono::seconds>(before.read_at);
    add_line(text, "recorded", before.boot_id.text() + "  at " + iso_time(seconds).substr(0, 19) + "Z");
    add_line(text, "now", now.boot_id.text() + (now.uptime > Duration{} ? "  up for " + spoken(now.uptime) : ""));
    return text;
}

std::string comparison_json(const std::string& host, const BootRecord& before, const BootRecord& now,
                            BootChange change) {
    json fields;
    fields["schema"] = 1;
    fields["host"] = host;
    fields["boot_change"] = slug(change);
    fields["recorded"] = boot_fields(before);
    fields["now"] = boot_fields(now);
    return json_line(fields);
}

}  // namespace vmc::cli
