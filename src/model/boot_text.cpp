// SPDX-License-Identifier: Apache-2.0
#include "model/boot_text.hpp"

#include "model/key_values.hpp"
#include "model/record_name.hpp"

namespace vmc::model {

namespace {

using std::chrono::milliseconds;

void add(std::string& text, std::string_view key, const std::string& value) {
    // Values come from a VM: one that could be taken for two lines is left out.
    if (!value.empty() && value.find('\n') == value.npos) text.append(key).append("=").append(value).append("\n");
}

/// A date of the far future or a kernel's uptime of 292 years is no reading.
std::optional<milliseconds> span_in(std::string_view text) {
    const auto count = whole_number<std::int64_t>(text);
    if (!count || *count > last_millisecond) return std::nullopt;
    return milliseconds(*count);
}

}  // namespace

std::string boot_text(const BootRecord& record) {
    std::string text;
    add(text, "boot_id", record.boot_id.text());
    add(text, "incarnation", record.incarnation);
    add(text, "host_key", record.identity.host_key);
    add(text, "machine_id", record.identity.machine_id);
    add(text, "product_uuid", record.identity.product_uuid);
    const auto add_span = [&](std::string_view key, Duration span) {
        add(text, key, std::to_string(std::chrono::duration_cast<milliseconds>(span).count()));
    };
    add_span("uptime_ms", record.uptime);
    add_span("read_at_ms", record.read_at.time_since_epoch());
    add_span("read_on_ms", record.read_on.time_since_epoch());
    add_span("took_ms", record.took);
    add_span("booted_at_ms", record.booted_at.time_since_epoch());
    return text;
}

std::optional<BootRecord> parse_boot_text(std::string_view text) {
    const auto values = key_values(text);
    const auto value = [&](std::string_view key) {
        const auto found = values.find(key);
        return found == values.end() ? std::string() : std::string(found->second);
    };
    const auto boot_id = BootId::parse(value("boot_id"));
    const auto uptime = span_in(value("uptime_ms"));
    const auto read_at = span_in(value("read_at_ms"));
    if (!boot_id || !uptime || !read_at) return std::nullopt;
    const Identity identity{value("host_key"), value("machine_id"), value("product_uuid")};
    const auto or_zero = [&](std::string_view key) { return span_in(value(key)).value_or(milliseconds(0)); };
    return BootRecord{
        *boot_id,           value("incarnation"),           identity,           *uptime,
        WallTime(*read_at), Instant(or_zero("read_on_ms")), or_zero("took_ms"), WallTime(or_zero("booted_at_ms"))};
}

std::string boot_record_name(std::string_view host) {
    constexpr char digits[] = "0123456789abcdef";
    std::string name = "boots/";
    for (const char c : host) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
        if (plain) name += c;
        else name.append({'_', digits[byte >> 4U], digits[byte & 15U]});
    }
    return name;
}

}  // namespace vmc::model
