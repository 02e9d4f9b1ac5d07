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

/// One authenticated reading of a VM's life. What was not read is zero or empty, and never a difference.
struct BootRecord {
    BootId boot_id;
    std::string incarnation;  ///< of user space: "pid1=17,soft-reboots=0", parts not read are left out
    Identity identity;
    Duration uptime{};        ///< /proc/uptime when it was read
    WallTime read_at{};       ///< our wall clock when the answer had come
    Instant read_on{};        ///< our monotonic clock then
    Duration took{};          ///< from the question to the answer
    WallTime booted_at{};  ///< the VM's own idea of when its kernel began: moves when its clock is set. Whole seconds
};

/// What happened between two readings. Slugs are stable: "none", "reboot", "reboot-at-least-once", "crash-reboot",
/// "kexec", "soft-reboot", "pause", "snapshot-revert", "re-imaged", "other-machine", "ambiguous", "unknown".
enum class BootChange {
    none,
    reboot,  ///< another life of the kernel
    reboot_at_least_once,  ///< likewise, and how many lives lie between was not, or more than one was counted
    crash_reboot,  ///< likewise, and there is a record of a crash from that time
    kexec,  ///< likewise, once, without the firmware
    soft_reboot,  ///< another life of user space under the same kernel
    pause,  ///< the same life, for which time stood still: paused, migrated, or put back and run on since
    snapshot_revert,  ///< the same life at an earlier point of it
    re_imaged,
    other_machine,
    ambiguous,  ///< the traces of its identity contradict each other
    unknown,
};
[[nodiscard]] std::string_view slug(BootChange change) noexcept;

/// What ran before is gone: a new life of the kernel or of user space.
[[nodiscard]] bool is_new_life(BootChange change) noexcept;

/// Pure. `reboot` is claimed only for the same identity with two different boot ids. Tells apart what two readings
/// can tell; for the kinds of a reboot the VM must be asked, see boot_story.hpp.
[[nodiscard]] BootChange compare(const BootRecord& before, const BootRecord& after);

/// By how much the VM's time advanced less than ours between two readings of one boot: more than nothing only when
/// both our clocks say so, whatever was set or suspended here. Nothing when a reading lacks its times.
[[nodiscard]] std::optional<Duration> stood_still(const BootRecord& before, const BootRecord& after);

}  // namespace vmc VMC_API
