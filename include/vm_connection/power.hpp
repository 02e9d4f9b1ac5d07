// SPDX-License-Identifier: Apache-2.0
// Who can turn a VM off and on, how it stands by his word, and what he may be asked to do.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <vm_connection/export.hpp>
#include <vm_connection/time.hpp>

namespace vmc VMC_API {

/// Stable slugs: "unknown", "on", "off", "paused", "panicked", "dumping".
enum class PowerState {
    unknown,   ///< the switch does not say, or says what nobody knows
    on,
    off,
    paused,    ///< its virtual processors were stopped on purpose
    panicked,  ///< its kernel told its hypervisor so
    dumping,   ///< a crash kernel writes a dump: let it
};
[[nodiscard]] std::string_view slug(PowerState state) noexcept;
[[nodiscard]] std::optional<PowerState> parse_power_state(std::string_view text) noexcept;

/// Stable slugs: "off", "on", "cycle", "reset", "nmi".
enum class PowerAction {
    off,
    on,
    cycle,  ///< off, seen to be off, and on again
    reset,  ///< the button: its memory may keep what pstore needs
    nmi,    ///< a kernel that is set so panics, and keeps its last words
};
[[nodiscard]] std::string_view slug(PowerAction action) noexcept;
[[nodiscard]] std::optional<PowerAction> parse_power_action(std::string_view text) noexcept;

/// What a switch said, when it was asked or after it was told to do something.
struct PowerReading {
    PowerState state = PowerState::unknown;
    std::string detail;  ///< in its own words; escaped, one line, at most 300 bytes
    Duration took{};
};

/// A power switch, described. No secrets in here: they are read from `secrets()` each time they are needed.
class PowerSwitch {
public:
    enum class Kind { qmp, fence, command };
    /// QEMU's own monitor, at this socket (-qmp unix:PATH,server=on,wait=off). It speaks to one client at a time.
    [[nodiscard]] static PowerSwitch qmp(std::string socket) { return PowerSwitch(Kind::qmp, std::move(socket)); }
    /// A fence agent (fence_virsh, fence_ipmilan, …), by its path or name. `options` go to its standard input.
    [[nodiscard]] static PowerSwitch fence(std::string agent, std::map<std::string, std::string> options) {
        PowerSwitch made(Kind::fence, std::move(agent));
        made.options_ = std::move(options);
        return made;
    }
    /// Programs of one's own, each as its words, without a shell. "status" has to end with 0 and print a word of
    /// PowerState; the others end with 0 when they were carried out.
    [[nodiscard]] static PowerSwitch command(std::map<std::string, std::vector<std::string>> programs) {
        PowerSwitch made(Kind::command, "");
        made.programs_ = std::move(programs);
        return made;
    }
    /// A file of KEY=VALUE lines, of our user and 0600: for a fence agent more options, for programs their input.
    PowerSwitch& secrets(std::string path) {
        secrets_ = std::move(path);
        return *this;
    }
    /// For one question or one action, until it is seen to be done. 60 s.
    PowerSwitch& within(Duration span) {
        within_ = span;
        return *this;
    }

    [[nodiscard]] Kind kind() const noexcept { return kind_; }
    [[nodiscard]] const std::string& where() const noexcept { return where_; }  ///< the socket, or the agent
    [[nodiscard]] const std::map<std::string, std::string>& options() const noexcept { return options_; }
    [[nodiscard]] const std::map<std::string, std::vector<std::string>>& programs() const noexcept { return programs_; }
    [[nodiscard]] const std::string& secrets() const noexcept { return secrets_; }
    [[nodiscard]] Duration within() const noexcept { return within_; }

private:
    PowerSwitch(Kind kind, std::string where) : kind_(kind), where_(std::move(where)) {}
    Kind kind_;
    std::string where_;
    std::map<std::string, std::string> options_;
    std::map<std::string, std::vector<std::string>> programs_;
    std::string secrets_;
    Duration within_ = std::chrono::seconds(60);
};

}  // namespace vmc VMC_API
