// SPDX-License-Identifier: Apache-2.0
#include <vm_connection/boot.hpp>

#include <algorithm>
#include <chrono>

namespace vmc {
namespace {

bool differ(const std::string& a, const std::string& b) { return !a.empty() && !b.empty() && a != b; }
bool agree(const std::string& a, const std::string& b) { return !a.empty() && a == b; }

/// "pid1=17,soft-reboots=0": the value of one key, empty when it was not read. A reading in which
/// systemctl did not answer in time is compared by the rest.
std::string_view part(std::string_view incarnation, std::string_view key) {
    while (!incarnation.empty()) {
        const auto end = std::min(incarnation.find(','), incarnation.size());
        const std::string_view field = incarnation.substr(0, end);
        incarnation.remove_prefix(std::min(end + 1, incarnation.size()));
        if (field.starts_with(key)) return field.substr(key.size());
    }
    return {};
}

bool incarnation_changed(const std::string& before, const std::string& after) {
    for (const std::string_view key : {"pid1=", "soft-reboots="}) {
        const auto was = part(before, key), is = part(after, key);
        if (!was.empty() && !is.empty() && was != is) return true;
    }
    return false;
}

/// The same life of a kernel is the same machine, with new host keys perhaps, or a new machine-id when the
/// hardware is known to be the same. But the clones of one snapshot with memory share a boot id too.
BootChange same_boot_machine(const Identity& was, const Identity& is) {
    if (differ(was.product_uuid, is.product_uuid)) return BootChange::ambiguous;
    const bool same_hardware = agree(was.product_uuid, is.product_uuid);
    return differ(was.machine_id, is.machine_id) && !same_hardware ? BootChange::ambiguous : BootChange::none;
}

/// Is it the machine we read before? `none` when it is; where the traces contradict each other or
/// there is none in common, `ambiguous`.
BootChange machine_change(const BootRecord& before, const BootRecord& after) {
    const Identity &was = before.identity, &is = after.identity;
    if (before.boot_id == after.boot_id) return same_boot_machine(was, is);
    if (differ(was.product_uuid, is.product_uuid)) return BootChange::other_machine;
    const bool same_hardware = agree(was.product_uuid, is.product_uuid);
    if (differ(was.machine_id, is.machine_id)) {
        // Systems without a state make a machine-id at each boot; clones of one image share a host key.
        // Only the hardware tells them apart.
        if (agree(was.host_key, is.host_key)) return same_hardware ? BootChange::none : BootChange::ambiguous;
        const bool new_key = differ(was.host_key, is.host_key);
        return same_hardware && new_key ? BootChange::re_imaged : BootChange::other_machine;
    }
    if (differ(was.host_key, is.host_key)) return BootChange::ambiguous;
    const bool known = agree(was.machine_id, is.machine_id) || same_hardware || agree(was.host_key, is.host_key);
    return known ? BootChange::none : BootChange::ambiguous;
}

/// Time that two clocks of ours agree has passed, and the VM's has not. A tenth is left to clocks that are being
/// brought back to the right time: chrony makes them run up to 8.3 % slower or faster.
bool was_paused(const BootRecord& before, const BootRecord& after) {
    const auto still = stood_still(before, after);
    if (!still) return false;
    const Duration ours = *still + (after.uptime - before.uptime);
    return *still > std::chrono::seconds(2) + ours / 10;
}

}  // namespace

std::optional<BootId> BootId::parse(std::string_view text) {
    constexpr std::string_view shape = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    if (text.size() != shape.size()) return std::nullopt;
    bool all_zero = true;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
        if (shape[i] == '-' ? c != '-' : !hex) return std::nullopt;
        if (hex && c != '0') all_zero = false;
    }
    if (all_zero) return std::nullopt;
    return BootId(std::string(text));
}

std::string_view slug(BootChange change) noexcept {
    switch (change) {
        case BootChange::none: return "none";
        case BootChange::reboot: return "reboot";
        case BootChange::reboot_at_least_once: return "reboot-at-least-once";
        case BootChange::crash_reboot: return "crash-reboot";
        case BootChange::kexec: return "kexec";
        case BootChange::soft_reboot: return "soft-reboot";
        case BootChange::pause: return "pause";
        case BootChange::snapshot_revert: return "snapshot-revert";
        case BootChange::re_imaged: return "re-imaged";
        case BootChange::other_machine: return "other-machine";
        case BootChange::ambiguous: return "ambiguous";
        case BootChange::unknown: return "unknown";
    }
    return "unknown";
}

bool is_new_life(BootChange change) noexcept {
    switch (change) {
        case BootChange::reboot:
        case BootChange::reboot_at_least_once:
        case BootChange::crash_reboot:
        case BootChange::kexec:
        case BootChange::soft_reboot: return true;
        default: return false;
    }
}

std::optional<Duration> stood_still(const BootRecord& before, const BootRecord& after) {
    const auto timed = [](const BootRecord& record) {
        return record.uptime > Duration{} && record.read_at > WallTime{} && record.read_on > Instant{};
    };
    if (before.boot_id != after.boot_id || !timed(before) || !timed(after)) return std::nullopt;
    // The least that can have passed between the two readings on the VM. A step of our calendar does not move
    // our monotonic clock; a record that another machine of ours wrote has another one, but the same calendar.
    const Duration calendar = after.read_at - before.read_at, steady = after.read_on - before.read_on;
    return std::min(calendar, steady) - after.took - (after.uptime - before.uptime);
}

BootChange compare(const BootRecord& before, const BootRecord& after) {
    if (const auto change = machine_change(before, after); change != BootChange::none) return change;
    if (before.boot_id != after.boot_id) return BootChange::reboot;
    // Time of one kernel life runs backwards only when a snapshot was put back. A second of
    // tolerance: two readings under way at once may arrive in either order.
    const bool timed = before.uptime > Duration{} && after.uptime > Duration{};
    if (timed && after.uptime + std::chrono::seconds(1) < before.uptime) return BootChange::snapshot_revert;
    if (incarnation_changed(before.incarnation, after.incarnation)) return BootChange::soft_reboot;
    return was_paused(before, after) ? BootChange::pause : BootChange::none;
}

}  // namespace vmc
