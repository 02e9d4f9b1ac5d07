// SPDX-License-Identifier: Apache-2.0
#include "app/cli/config_file.hpp"

#include <optional>

#include "app/cli/console_config.hpp"
#include "app/cli/power_config.hpp"
#include "app/cli/recovery_config.hpp"

namespace vmc::cli {

namespace {

std::string place(const std::string& path, const toml::source_region& source) {
    return path + ":" + std::to_string(source.begin.line);
}

/// The value as it would have been typed; numbers and strings are both fine for a span or a port.
std::optional<std::string> as_text(const toml::node& node) {
    if (const auto text = node.value_exact<std::string>()) return text;
    if (const auto truth = node.value_exact<bool>()) return *truth ? "true" : "false";
    if (const auto number = node.value_exact<std::int64_t>()) return std::to_string(*number);
    if (const auto number = node.value_exact<double>()) return std::to_string(*number);
    return std::nullopt;
}

Expected<void> take_power(const std::string& path, const toml::table& table, Settings& settings) {
    auto power = read_power_switch(path, table);
    if (!power) return std::unexpected(std::move(power.error()));
    settings.power = std::move(*power);
    return {};
}

Expected<void> take_console(const std::string& path, const toml::node& node, Settings& settings) {
    if (!node.is_table())
        return our_failure(place(path, node.source()) + ": console must be a table: [host.\"NAME\".console]");
    auto console = read_console_source(path, *node.as_table());
    if (!console) return std::unexpected(std::move(console.error()));
    settings.console = std::move(*console);
    return {};
}

Expected<void> take_table(const std::string& path, const toml::table& table, bool of_a_host, Settings& settings) {
    for (const auto& [key, node] : table) {
        if (key.str() == "host" && node.is_table() && !of_a_host) continue;
        if (key.str() == "power" && node.is_table() && of_a_host) {
            if (auto taken = take_power(path, *node.as_table(), settings); !taken) return taken;
            continue;
        }
        if (key.str() == "recovery" && node.is_table()) {
            auto policy = read_recovery_policy(path, *node.as_table(), settings.recovery);
            if (!policy) return std::unexpected(std::move(policy.error()));
            settings.recovery = *policy;
            continue;
        }
        if (key.str() == "console" && of_a_host) {
            if (auto taken = take_console(path, node, settings); !taken) return taken;
            continue;
        }
        const auto where = place(path, key.source());
        const auto value = as_text(node);
        if (find_key(key.str()) != nullptr && !value)
            return our_failure(where + ": " + std::string(key.str()) + " must be one value");
        if (auto set = settings.set(key.str(), value.value_or(""), where); !set)
            return our_failure(std::move(set.error().line));
    }
    return {};
}

Expected<void> take_hosts(const std::string& path, const toml::table& hosts, std::string_view host,
                          std::string_view bare_host, Settings& settings) {
    for (const auto& [name, node] : hosts) {
        const auto* table = node.as_table();
        if (table == nullptr) return our_failure(place(path, name.source()) + ": a host is a table: [host.\"NAME\"]");
        Settings others;  // checked all the same, so that a mistake is found before it matters
        const bool ours = name.str() == host || name.str() == bare_host;
        if (auto taken = take_table(path, *table, true, ours ? settings : others); !taken) return taken;
    }
    return {};
}

}  // namespace

Expected<void> take_config_file(const std::string& path, std::string_view host, std::string_view bare_host,
                                Settings& settings) {
    try {
        const auto file = toml::parse_file(path);
        if (auto taken = take_table(path, file, false, settings); !taken) return taken;
        if (const auto* hosts = file["host"].as_table()) return take_hosts(path, *hosts, host, bare_host, settings);
        return {};
    } catch (const toml::parse_error& error) {
        return our_failure(place(path, error.source()) + ": " + std::string(error.description()));
    }
}

}  // namespace vmc::cli
