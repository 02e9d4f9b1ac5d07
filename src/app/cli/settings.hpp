// SPDX-License-Identifier: Apache-2.0
// What a person can set once instead of on every command line, and which of several words counts:
//     /etc/vm-connection/config.toml < $XDG_CONFIG_HOME/vm-connection/config.toml < VMC_… < flags
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <vm_connection/console.hpp>
#include <vm_connection/power.hpp>
#include <vm_connection/recovery.hpp>
#include <vm_connection/time.hpp>

#include "app/cli/failure.hpp"

namespace vmc::cli {

enum class Kind { span, truth, port, text };

/// One thing that can be set. `name` is the word in config.toml; VMC_NAME in the environment.
struct Key {
    std::string_view name;
    Kind kind;
    std::string_view fallback;
    std::string_view meaning;
};
[[nodiscard]] std::span<const Key> keys();
[[nodiscard]] const Key* find_key(std::string_view name);
[[nodiscard]] std::string environment_name(const Key& key);

/// A value and who said so: "default", "/etc/vm-connection/config.toml:3", "VMC_PORT", "--port".
struct Setting {
    std::string value;
    std::string origin;
};

/// What is in force for one host.
class Settings {
public:
    Settings();
    /// Replaces what was there. `origin` names the place in the complaint when `value` is none
    /// for this key; an unknown key is a complaint too.
    [[nodiscard]] Expected<void> set(std::string_view key, std::string value, std::string origin);

    [[nodiscard]] const Setting& get(std::string_view key) const;
    [[nodiscard]] bool is_set(std::string_view key) const;  ///< somebody said it: not the default
    [[nodiscard]] Duration span(std::string_view key) const;
    [[nodiscard]] bool truth(std::string_view key) const;
    [[nodiscard]] const std::string& text(std::string_view key) const { return get(key).value; }

    /// The host's power switch, a table of its own in a file.
    std::optional<PowerSwitch> power;
    /// How far a recovery may go, likewise; what is said at the top holds for every host.
    RecoveryPolicy recovery;
    /// Where its console can be read, likewise.
    std::optional<ConsoleSource> console;

private:
    std::map<std::string, Setting, std::less<>> values_;
};

/// Files and environment, as they are in force for `host`: the name as typed, or without user and
/// port. Reads what exists; a file that cannot be understood is a failure that names its line.
[[nodiscard]] Expected<Settings> load_settings(std::string_view host, std::string_view bare_host);

/// Where the files are looked for, the strongest last.
[[nodiscard]] std::string system_config_file();
[[nodiscard]] std::string user_config_file();

}  // namespace vmc::cli
