// SPDX-License-Identifier: Apache-2.0
#include "app/cli/settings.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <optional>

#include <sys/stat.h>
#include <unistd.h>

#include "app/cli/config_file.hpp"
#include "base/ensure.hpp"
#include "model/key_values.hpp"
#include "model/span_text.hpp"

namespace vmc::cli {

namespace {

constexpr Key all_keys[] = {
    {"user", Kind::text, "", "log in as (default: as ssh would)"},
    {"port", Kind::port, "", "TCP port (default: as ssh would, 22)"},
    {"identity_file", Kind::text, "", "this private key only"},
    {"closed_port", Kind::truth, "true", "a diagnosis sends one SYN to a closed port (9)"},
    {"canary", Kind::text, "", "HOST or HOST:PORT near us that a diagnosis asks too"},
    {"connect_timeout", Kind::span, "10s", "one attempt: name, TCP, key exchange, login"},
    {"lost_after", Kind::span, "5m", "how long a silent link may stay suspect"},
    {"strict_host_key", Kind::truth, "false", "refuse hosts never seen before"},
    {"host_key", Kind::text, "", "accept only this fingerprint, SHA256:..."},
    {"ephemeral", Kind::truth, "false", "re-created on purpose: do not keep its host key"},
};

bool fits(Kind kind, std::string_view value) {
    switch (kind) {
        case Kind::span: return model::parse_span(value).value_or(Duration{}) > Duration{};
        case Kind::truth: return value == "true" || value == "false";
        case Kind::port: return value.empty() || model::whole_number<std::uint16_t>(value).value_or(0) != 0;
        case Kind::text: return value.find('\0') == value.npos && value.find('\n') == value.npos;
    }
    return false;
}

std::string_view wanted(Kind kind) {
    switch (kind) {
        case Kind::span: return "a span like 10, 90s or 5m";
        case Kind::truth: return "true or false";
        case Kind::port: return "a port from 1 to 65535";
        case Kind::text: return "one line of text";
    }
    return "";
}

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr ? value : "";
}

Expected<void> take_environment(Settings& settings) {
    for (const auto& key : keys()) {
        const auto name = environment_name(key);
        const char* value = std::getenv(name.c_str());
        if (value == nullptr || *value == '\0') continue;
        std::string text = value;
        if (key.kind == Kind::truth && text == "1") text = "true";
        if (key.kind == Kind::truth && text == "0") text = "false";
        if (auto set = settings.set(key.name, std::move(text), name); !set)
            return our_failure(std::move(set.error().line));
    }
    return {};
}

}  // namespace

std::span<const Key> keys() { return all_keys; }

const Key* find_key(std::string_view name) {
    const auto* found = std::ranges::find(all_keys, name, &Key::name);
    return found == std::end(all_keys) ? nullptr : found;
}

std::string environment_name(const Key& key) {
    std::string name = "VMC_";
    for (const char c : key.name) name += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return name;
}

Settings::Settings() {
    for (const auto& key : keys()) values_[std::string(key.name)] = {std::string(key.fallback), "default"};
}

Expected<void> Settings::set(std::string_view name, std::string value, std::string origin) {
    const auto* key = find_key(name);
    if (key == nullptr) return usage(origin + ": there is no setting \"" + std::string(name) + "\"");
    if (!fits(key->kind, value))
        return usage(origin + ": " + std::string(name) + " must be " + std::string(wanted(key->kind)) + ", not \"" +
                     value + "\"");
    values_[std::string(name)] = {std::move(value), std::move(origin)};
    return {};
}

const Setting& Settings::get(std::string_view key) const {
    const auto found = values_.find(key);
    ensure(found != values_.end(), "only known settings are asked for");
    return found->second;
}

bool Settings::is_set(std::string_view key) const { return get(key).origin != "default"; }
Duration Settings::span(std::string_view key) const { return model::parse_span(get(key).value).value_or(Duration{}); }
bool Settings::truth(std::string_view key) const { return get(key).value == "true"; }

std::string system_config_file() { return "/etc/vm-connection/config.toml"; }

std::string user_config_file() {
    auto base = environment("XDG_CONFIG_HOME");
    if (base.empty() && !environment("HOME").empty()) base = environment("HOME") + "/.config";
    return base.empty() ? "" : base + "/vm-connection/config.toml";
}

Expected<Settings> load_settings(std::string_view host, std::string_view bare_host) {
    Settings settings;
    for (const auto& path : {system_config_file(), user_config_file()}) {
        struct stat about{};
        if (path.empty() || ::stat(path.c_str(), &about) != 0) continue;
        if (!S_ISREG(about.st_mode)) return our_failure(path + ": not a file");
        if (auto taken = take_config_file(path, host, bare_host, settings); !taken)
            return std::unexpected(std::move(taken.error()));
    }
    if (auto taken = take_environment(settings); !taken) return std::unexpected(std::move(taken.error()));
    return settings;
}

}  // namespace vmc::cli
