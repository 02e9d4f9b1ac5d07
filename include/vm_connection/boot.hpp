// SPDX-License-Identifier: Apache-2.0
// One life of a kernel, how it is recognised, and how two readings compare.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include <vm_connection/export.hpp>
#include <vm_connection/time.hpp>

namespace vmc VMC_API {

/// The kernel's /proc/sys/kernel/random/boot_id: a lower-case UUID, strictly parsed.
/// A line of a login message or an error text is not a boot id and never compares as one.
class BootId {
public:
    /// Exactly `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`, hex digits, not all zero; else nothing.
    [[nodiscard]] static std::optional<BootId> parse(std::string_view text);
    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    auto operator<=>(const BootId&) const = default;

private:
    explicit BootId(std::string text) : text_(std::move(text)) {}
    std::string text_;
};

/// Who answered: empty strings stand for "not known", which never counts as a difference.
struct Identity {
    std::string host_key;      ///< "SHA256:…" of the key the server proved
    std::string machine_id;    ///< /etc/machine-id
    std::string product_uuid;  ///< DMI, readable by root only
    bool operator==(const Identity&) const = default;
};

/// One authenticated reading of a VM's life.
struct BootRecord {
    BootId boot_id;
    std::string incarnation;  ///< of user space: "pid1=17,soft-reboots=0", parts not read are left out
    Identity identity;
    Duration uptime{};        ///< /proc/uptime when it was read
    WallTime read_at{};       ///< our wall clock when it was read
};

/// What happened between two readings. Slugs are stable: "none", "reboot", "soft-reboot", …
enum class BootChange { none, reboot, soft_reboot, snapshot_revert, re_imaged, other_machine, ambiguous, unknown };
[[nodiscard]] std::string_view slug(BootChange change) noexcept;

/// Pure. `reboot` is claimed only for the same identity with two different boot ids.
[[nodiscard]] BootChange compare(const BootRecord& before, const BootRecord& after);

}  // namespace vmc VMC_API
