// SPDX-License-Identifier: Apache-2.0
#include "app/cli/host_options.hpp"

#include <algorithm>

#include <CLI/CLI.hpp>

#include "app/cli/terminal.hpp"
#include "model/quote.hpp"
#include "model/span_text.hpp"
#include "model/target_text.hpp"

namespace vmc::cli {

bool is_fingerprint(std::string_view text) {
    constexpr std::string_view prefix = "SHA256:";
    if (!text.starts_with(prefix) || text.size() != prefix.size() + 43) return false;
    return std::ranges::all_of(text.substr(prefix.size()), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
    });
}

Expected<Duration> span_of(std::string_view option, std::string_view text) {
    const auto span = model::parse_span(text);
    if (span && *span > Duration{}) return *span;
    return usage(std::string(option) + ": not a span of time: \"" + std::string(text) + "\" (write 10, 90s, 5m or 2h)");
}

void HostOptions::describe(CLI::App& app) {
    app.add_option("HOST", ssh_.host, "user@host:port, or a name your ssh knows")->required()->group("Words");
    const auto* reach = "Reaching the host (as in ssh)";
    app.add_option("-l", ssh_.login, "log in as this user")->option_text("USER")->group(reach);
    app.add_option("-p", ssh_.port, "TCP port")->option_text("PORT")->group(reach);
    app.add_option("-i", ssh_.identity_files, "this private key, and no other; may be repeated")
        ->option_text("FILE")
        ->allow_extra_args(false)
        ->group(reach);
    app.add_option("-F", ssh_.config_file, "ssh configuration to read instead of yours")
        ->option_text("FILE")
        ->group(reach);
    app.add_option("-J", ssh_.jump, "go through this host")->option_text("HOST")->group(reach);
    app.add_option("-o", ssh_.options, "any option of ssh_config(5); may be repeated")
        ->option_text("KEY=VALUE")
        ->allow_extra_args(false)
        ->group(reach);
    app.add_option("--connect-timeout", connect_timeout_, "for one attempt to log in (10s)")
        ->option_text("SPAN")
        ->group(reach);

    const auto* trusting = "Trusting it";
    app.add_flag("--strict-host-key", strict_, "refuse a host never seen before")->group(trusting);
    app.add_option("--host-key", host_key_, "accept this key only: SHA256:...")->option_text("PRINT")->group(trusting);
    app.add_flag("--ephemeral", ephemeral_, "re-created on purpose: do not keep its key")->group(trusting);
    app.add_flag("--retry-auth", retry_auth_, "log in although it said no twice just now")->group(trusting);

    const auto* saying = "Saying what happens (on stderr)";
    app.add_flag("-q,--quiet", quiet_, "only failures")->group(saying);
    app.add_flag("-v,--verbose", verbose_, "every step")->group(saying);
}

Loudness HostOptions::loudness() const {
    if (verbose_) return Loudness::verbose;
    return quiet_ ? Loudness::quiet : Loudness::normal;
}

std::string HostOptions::trust_command() const {
    std::string line = "vmc trust";
    const auto add = [&](const char* option, const std::string& value) {
        const bool plain = value.find_first_not_of(
                               "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                               "@%_+=:,./-[]") == value.npos;
        line += std::string(" ") + option + (plain ? value : model::quote(value));
    };
    if (ssh_.config_file) add("-F ", *ssh_.config_file);
    if (ssh_.jump) add("-J ", *ssh_.jump);
    if (ssh_.port) add("-p ", *ssh_.port);
    for (const auto& option : ssh_.options) add("-o ", option);
    add("", ssh_.host);
    return line;
}

std::string HostOptions::advice_on(const Error& error) const {
    return error.code() == Code::host_key_changed ? "; if you know why: " + trust_command() : "";
}

Expected<void> HostOptions::take_flags(Settings& settings) const {
    const auto set = [&](const char* key, const std::optional<std::string>& value, const char* flag) -> Expected<void> {
        if (!value) return {};
        if (value->empty()) return usage(std::string(flag) + ": empty");
        return settings.set(key, *value, flag);
    };
    if (auto ok = set("connect_timeout", connect_timeout_, "--connect-timeout"); !ok) return ok;
    if (auto ok = set("host_key", host_key_, "--host-key"); !ok) return ok;
    if (auto ok = set("port", ssh_.port, "-p"); !ok) return ok;
    if (auto ok = set("user", ssh_.login, "-l"); !ok) return ok;
    if (auto ok = set("canary", canary_, "--canary"); !ok) return ok;
    if (no_closed_port_)
        if (auto ok = settings.set("closed_port", "false", "--no-closed-port"); !ok) return ok;
    if (strict_) return settings.set("strict_host_key", "true", "--strict-host-key");
    if (ephemeral_) return settings.set("ephemeral", "true", "--ephemeral");
    return {};
}

Expected<Settings> HostOptions::settings() const {
    if (strict_ && ephemeral_) return usage("--strict-host-key and --ephemeral contradict each other");
    auto bare = bare_host(ssh_.host);
    if (!bare) return std::unexpected(std::move(bare.error()));
    auto settings = load_settings(ssh_.host, *bare);
    if (!settings) return settings;
    if (auto taken = take_flags(*settings); !taken) return std::unexpected(std::move(taken.error()));
    if (power_) settings->power = *power_;
    const auto& pin = settings->get("host_key");
    if (!pin.value.empty() && !is_fingerprint(pin.value))
        return usage(pin.origin + ": not a fingerprint: \"" + pin.value +
                     "\" (ssh-keygen -lf KEY prints them: SHA256:...)");
    return settings;
}

Expected<void> HostOptions::name_canary(Target& target, const Settings& settings) {
    const auto& [text, origin] = settings.get("canary");
    if (text.empty()) return {};
    const auto canary = model::parse_host(text);
    if (!canary || canary->user) return usage(origin + ": canary: not HOST or HOST:PORT: \"" + text + "\"");
    target.canary(canary->host, canary->port.value_or(0));
    return {};
}

Expected<Target> HostOptions::target(const Settings& settings) const {
    auto target = resolve(ssh_, settings);
    if (!target) return target;
    if (auto named = name_canary(*target, settings); !named) return std::unexpected(std::move(named.error()));
    // Unless somebody said otherwise, ConnectTimeout of the ssh configuration holds, else our default.
    if (settings.is_set("connect_timeout")) target->connect_timeout(settings.span("connect_timeout"));
    if (settings.truth("strict_host_key")) target->host_keys(HostKeyPolicy::strict);
    if (!settings.truth("closed_port")) target->closed_port(0);
    if (settings.power) target->power(*settings.power);
    if (settings.console) target->console(*settings.console);
    if (settings.truth("ephemeral")) target->host_keys(HostKeyPolicy::ephemeral);
    if (!settings.text("host_key").empty()) target->pin(settings.text("host_key"));
    target->passphrase([](const std::string& path) { return Terminal::ask_secretly("Passphrase for " + path + ": "); });
    return target;
}

}  // namespace vmc::cli
