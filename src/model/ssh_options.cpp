// SPDX-License-Identifier: Apache-2.0
#include "model/ssh_options.hpp"

#include <optional>
#include <set>

#include "model/span_text.hpp"
#include "model/target_text.hpp"

namespace vmc::model {

namespace {

struct Said {
    std::string key;  ///< lower case
    std::string value;
};

std::optional<Said> taken_apart(const std::string& option) {
    const auto end = option.find_first_of(" \t=");
    if (end == 0 || end == option.npos) return std::nullopt;
    Said said{option.substr(0, end), ""};
    for (char& c : said.key)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    auto from = option.find_first_not_of(" \t", end);
    if (from != option.npos && option[from] == '=') from = option.find_first_not_of(" \t", from + 1);
    if (from == option.npos) return std::nullopt;
    said.value = option.substr(from);
    return said;
}

std::string none_is_empty(const std::string& value) { return value == "none" ? "" : value; }

/// False: not one of those we understand, or not with this value.
bool take(const Said& said, SshOptions& options) {
    const auto& [key, value] = said;
    if (key == "hostname" || key == "hostkeyalias" || key == "user") {
        // Tokens are ssh's to fill in.
        if (value.find('%') != value.npos) return false;
        (key == "hostname" ? options.hostname : key == "user" ? options.user : options.host_key_alias) = value;
    } else if (key == "port") {
        const auto port = parse_port(value);
        if (!port) return false;
        options.port = *port;
    } else if (key == "identityfile") {
        options.identity_files.push_back(value);
    } else if (key == "identitiesonly") {
        options.identities_only = value == "yes";
    } else if (key == "stricthostkeychecking") {
        options.strict_host_key_checking = value;
    } else if (key == "userknownhostsfile" || key == "globalknownhostsfile") {
        if (value.find_first_of(" \"") != value.npos) return false;
        (key == "userknownhostsfile" ? options.user_known_hosts : options.global_known_hosts) = {value};
    } else if (key == "connecttimeout") {
        if (value == "0" || value == "none") return true;  // as for ssh: no limit of its own, ours holds
        options.connect_timeout = parse_span(value);
        return options.connect_timeout.has_value();
    } else if (key == "proxycommand") {
        options.proxy_command = none_is_empty(value);
    } else if (key == "proxyjump") {
        options.proxy_jump = none_is_empty(value);
    } else if (key == "kexalgorithms" || key == "ciphers") {
        // "+name" and "^name" change ssh's own list.
        if (value.find_first_of("+-^") == 0) return false;
        (key == "ciphers" ? options.ciphers : options.kex_algorithms) = value;
    } else {
        return key == "batchmode" || key == "loglevel" || key == "compression" || key == "controlmaster" ||
               key == "controlpath" || key == "controlpersist" || key == "serveraliveinterval" ||
               key == "serveralivecountmax" || key == "tcpkeepalive";
    }
    return true;
}

}  // namespace

Result<OwnReading> read_ssh_options(const std::vector<std::string>& options) {
    OwnReading reading;
    std::set<std::string> seen;
    for (const auto& option : options) {
        const auto said = taken_apart(option);
        if (!said) return failed(Code::bad_request, Stage::config, "-o: not KEY=VALUE: \"" + option + "\"");
        if (said->key != "identityfile" && !seen.insert(said->key).second) continue;
        if (!take(*said, reading.options)) reading.unknown.push_back(option);
    }
    return reading;
}

}  // namespace vmc::model
