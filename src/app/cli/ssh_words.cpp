// SPDX-License-Identifier: Apache-2.0
#include "app/cli/ssh_words.hpp"

#include <unistd.h>

#include "app/cli/console.hpp"
#include "app/cli/ssh_config_files.hpp"
#include "app/cli/ssh_query.hpp"
#include "model/quote.hpp"
#include "model/ssh_config.hpp"
#include "model/ssh_options.hpp"
#include "model/target_text.hpp"

namespace vmc::cli {

namespace {

Expected<model::HostText> parsed(const std::string& host) {
    auto text = model::parse_host(host);
    if (!text) return usage("HOST: " + text.error().message());
    return std::move(*text);
}

/// `~`, and the tokens of ssh_config(5) that stand in names of key files.
std::string expanded(const std::string& path, const model::SshOptions& options) {
    std::string text = path.starts_with("~/") ? account_home() + path.substr(1) : path;
    const std::pair<std::string_view, std::string_view> tokens[] = {
        {"%d", account_home()}, {"%u", account_name()}, {"%h", options.hostname}, {"%r", options.user}};
    for (const auto& [token, value] : tokens)
        for (auto at = text.find(token); at != text.npos; at = text.find(token, at + value.size()))
            text.replace(at, token.size(), value);
    return text;
}

/// Those of ssh that exist, best first.
std::vector<std::string> default_keys() {
    std::vector<std::string> found;
    for (const auto* name : {"id_ed25519", "id_ecdsa", "id_rsa"}) {
        auto path = account_home() + "/.ssh/" + name;
        if (::access(path.c_str(), F_OK) == 0) found.push_back(std::move(path));
    }
    return found;
}

std::vector<std::string> existing(const model::SshOptions& options) {
    std::vector<std::string> found;
    for (const auto& file : options.identity_files) {
        auto path = expanded(file, options);
        if (::access(path.c_str(), F_OK) == 0) found.push_back(std::move(path));
    }
    return found;
}

/// Everything ssh has to know to answer for this command line.
std::vector<std::string> ssh_arguments(const SshWords& words, const model::HostText& host, const Settings& settings) {
    std::vector<std::string> arguments;
    const auto add = [&](const char* option, const std::string& value) {
        arguments.emplace_back(option);
        arguments.push_back(value);
    };
    if (words.config_file) add("-F", *words.config_file);
    for (const auto& option : words.options) add("-o", option);
    if (words.jump) add("-J", *words.jump);
    const auto user = host.user.value_or(settings.text("user"));
    if (!user.empty()) add("-l", user);
    const auto port = host.port ? std::to_string(*host.port) : settings.text("port");
    if (!port.empty()) add("-p", port);
    arguments.emplace_back("--");
    arguments.push_back(host.host);
    return arguments;
}

/// -J as ssh does it itself: another ssh, which carries our bytes. The last host of a chain is
/// the one that connects to ours.
std::string jump_command(const std::string& ssh, const SshWords& words, const std::string& chain) {
    const auto comma = chain.rfind(',');
    const auto last = comma == chain.npos ? chain : chain.substr(comma + 1);
    std::string line = model::quote(ssh);
    if (words.config_file) line += " -F " + model::quote(*words.config_file);
    if (comma != chain.npos) line += " -J " + model::quote(chain.substr(0, comma));
    return line + " -W '[%h]:%p' -- " + model::quote(last.starts_with("ssh://") ? last : "ssh://" + last);
}

void apply_keys(const SshWords& words, const Settings& settings, const model::SshOptions& options, bool asked_ssh,
                Target& target) {
    auto named = words.identity_files;
    if (named.empty() && settings.is_set("identity_file")) named = {settings.text("identity_file")};
    for (auto& path : named) path = expanded(path, options);
    if (!named.empty()) {
        target.keys(std::move(named)).agent(false);
        return;
    }
    target.keys(asked_ssh || !options.identity_files.empty() ? existing(options) : default_keys());
    target.agent(!options.identities_only && !options.no_agent);
}

void apply_trust(const model::SshOptions& options, Target& target) {
    const auto& checking = options.strict_host_key_checking;
    if (checking == "true" || checking == "yes") target.host_keys(HostKeyPolicy::strict);
    // ssh would go on with any key; we remember it for as long as this process lives.
    if (checking == "false" || checking == "no" || checking == "off") target.host_keys(HostKeyPolicy::ephemeral);
    if (!options.host_key_alias.empty()) target.host_key_alias(options.host_key_alias);
    auto files = options.user_known_hosts;
    files.insert(files.end(), options.global_known_hosts.begin(), options.global_known_hosts.end());
    for (auto& file : files) file = expanded(file, options);
    if (!files.empty()) target.known_hosts(std::move(files));
}

/// The answer of ssh where it has to be asked, else what we can read from the command line ourselves.
struct Reading {
    model::SshOptions options;
    bool asked_ssh = false;
    SshConfigScan scan;
};

Expected<Reading> read_options(const SshWords& words, const model::HostText& host, const Settings& settings) {
    Reading reading;
    reading.scan = scan_ssh_config(words.config_file.value_or(""));
    auto own = model::read_ssh_options(words.options);
    if (!own) return usage(own.error().message());
    if (words.config_file && ::access(words.config_file->c_str(), R_OK) != 0)
        return usage("-F: cannot read " + *words.config_file);
    const bool ask = reading.scan.may_matter || !own->unknown.empty();
    if (const auto ssh = ask ? find_ssh() : ""; !ssh.empty()) {
        const auto answer = ask_ssh(ssh, ssh_arguments(words, host, settings));
        if (!answer) return std::unexpected(answer.error());
        auto options = model::parse_ssh_g(*answer);
        if (!options) return our_failure("config: " + options.error().message());
        reading.options = std::move(*options);
        reading.asked_ssh = true;
        // It prints its own defaults too; ours hold unless somebody chose.
        if (!reading.scan.names_kex && own->options.kex_algorithms.empty()) reading.options.kex_algorithms.clear();
        if (!reading.scan.names_ciphers && own->options.ciphers.empty()) reading.options.ciphers.clear();
        return reading;
    }
    if (!own->unknown.empty()) return usage("-o " + own->unknown.front() + ": needs ssh, which is not installed");
    if (ask) tell("ssh is not installed: ~/.ssh/config and /etc/ssh/ssh_config are not understood");
    reading.options = std::move(own->options);
    if (host.user || !settings.text("user").empty()) reading.options.user = host.user.value_or(settings.text("user"));
    if (host.port) reading.options.port = *host.port;
    else if (const auto port = model::parse_port(settings.text("port"))) reading.options.port = *port;
    if (reading.options.hostname.empty()) reading.options.hostname = host.host;
    if (words.jump) reading.options.proxy_jump = *words.jump;
    return reading;
}

}  // namespace

Expected<std::string> bare_host(const std::string& host) {
    auto text = parsed(host);
    if (!text) return std::unexpected(std::move(text.error()));
    return std::move(text->host);
}

Expected<Target> resolve(const SshWords& words, const Settings& settings) {
    const auto host = parsed(words.host);
    if (!host) return std::unexpected(host.error());
    const auto reading = read_options(words, *host, settings);
    if (!reading) return std::unexpected(reading.error());
    const auto& options = reading->options;

    Target target(options.hostname);
    target.user(options.user.empty() ? account_name() : options.user).port(options.port);
    apply_keys(words, settings, options, reading->asked_ssh, target);
    apply_trust(options, target);
    if (options.connect_timeout) target.connect_timeout(*options.connect_timeout);
    target.kex_algorithms(options.kex_algorithms).ciphers(options.ciphers);
    if (!options.proxy_jump.empty()) {
        const auto ssh = find_ssh();
        if (ssh.empty()) return usage("-J: needs ssh, which is not installed");
        target.proxy_command(jump_command(ssh, words, options.proxy_jump));
    } else if (!options.proxy_command.empty()) {
        target.proxy_command(options.proxy_command);
    }
    return target;
}

}  // namespace vmc::cli
