// SPDX-License-Identifier: Apache-2.0
#include "model/ssh_config.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "base/lower.hpp"
#include "model/key_values.hpp"
#include "model/target_text.hpp"

namespace vmc::model {
namespace {

/// Directives about what we never do (forwarding, terminals, multiplexing, GSSAPI), or do by our
/// own rules (keepalives, hashing of names). `host` alone changes nothing. Sorted.
constexpr std::array<std::string_view, 36> harmless = {"addkeystoagent",
                                                       "batchmode",
                                                       "checkhostip",
                                                       "clearallforwardings",
                                                       "compression",
                                                       "controlmaster",
                                                       "controlpath",
                                                       "controlpersist",
                                                       "dynamicforward",
                                                       "enableescapecommandline",
                                                       "escapechar",
                                                       "exitonforwardfailure",
                                                       "forwardagent",
                                                       "forwardx11",
                                                       "forwardx11timeout",
                                                       "forwardx11trusted",
                                                       "gatewayports",
                                                       "gssapiauthentication",
                                                       "gssapidelegatecredentials",
                                                       "hashknownhosts",
                                                       "host",
                                                       "localforward",
                                                       "loglevel",
                                                       "numberofpasswordprompts",
                                                       "permitlocalcommand",
                                                       "remoteforward",
                                                       "requesttty",
                                                       "sendenv",
                                                       "serveralivecountmax",
                                                       "serveraliveinterval",
                                                       "setenv",
                                                       "streamlocalbindmask",
                                                       "streamlocalbindunlink",
                                                       "tcpkeepalive",
                                                       "visualhostkey",
                                                       "xauthlocation"};
static_assert(std::ranges::is_sorted(harmless));

std::string_view take_line(std::string_view& text) {
    const auto end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto last = line.find_last_not_of(" \t\r\f");
    line = line.substr(0, last == std::string_view::npos ? 0 : last + 1);
    line.remove_prefix(std::min(line.find_first_not_of(" \t\f"), line.size()));
    return line;
}

/// Words parted by blanks; double quotes hold one together.
std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> words;
    bool quoted = false, in_word = false;
    for (const char c : text) {
        if (!quoted && (c == ' ' || c == '\t')) {
            in_word = false;
            continue;
        }
        if (!in_word) words.emplace_back();
        in_word = true;
        if (c == '"') quoted = !quoted;
        else words.back() += c;
    }
    return words;
}

using Printed = std::multimap<std::string, std::string>;

Printed read_lines(std::string_view printed) {
    Printed values;
    while (!printed.empty()) {
        const std::string_view line = take_line(printed);
        const auto blank = line.find(' ');
        if (blank != std::string_view::npos) values.emplace(lower(line.substr(0, blank)), line.substr(blank + 1));
    }
    return values;
}

std::string first_of(const Printed& values, const std::string& key) {
    const auto found = values.find(key);
    return found == values.end() || found->second == "none" ? "" : found->second;
}

}  // namespace

ConfigScan scan_config(std::string_view config_text) {
    ConfigScan scan;
    while (!config_text.empty()) {
        const std::string_view line = take_line(config_text);
        if (line.empty() || line.front() == '#') continue;
        const auto end = std::min(line.find_first_of(" \t=\""), line.size());
        const std::string keyword = lower(line.substr(0, end));
        std::string_view value = line.substr(end);
        value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
        if (value.starts_with('=')) value.remove_prefix(1);
        if (keyword == "include") {
            const auto globs = words_of(value);
            scan.includes.insert(scan.includes.end(), globs.begin(), globs.end());
        } else if (!std::ranges::binary_search(harmless, std::string_view(keyword))) {
            scan.may_matter = true;
        }
    }
    return scan;
}

bool config_may_matter(std::string_view config_text) {
    const ConfigScan scan = scan_config(config_text);
    return scan.may_matter || !scan.includes.empty();
}

Result<SshOptions> parse_ssh_g(std::string_view printed) {
    const Printed values = read_lines(printed);
    SshOptions options;
    options.hostname = first_of(values, "hostname");
    if (options.hostname.empty()) return failed(Code::bad_request, Stage::config, "ssh -G names no host");
    const auto port = parse_port(first_of(values, "port"));
    if (!port) return failed(Code::bad_request, Stage::config, "ssh -G names no port");
    options.port = *port;
    options.user = first_of(values, "user");
    const auto [from, to] = values.equal_range("identityfile");
    for (auto file = from; file != to; ++file)
        if (file->second != "none") options.identity_files.push_back(file->second);
    options.identities_only = first_of(values, "identitiesonly") == "yes";
    options.identity_agent = first_of(values, "identityagent");
    const auto agent = values.find("identityagent");
    options.no_agent = agent != values.end() && agent->second == "none";
    options.user_known_hosts = words_of(first_of(values, "userknownhostsfile"));
    options.global_known_hosts = words_of(first_of(values, "globalknownhostsfile"));
    options.strict_host_key_checking = first_of(values, "stricthostkeychecking");
    options.host_key_alias = first_of(values, "hostkeyalias");
    options.proxy_jump = first_of(values, "proxyjump");
    options.proxy_command = first_of(values, "proxycommand");
    if (const auto seconds = whole_number<std::uint32_t>(first_of(values, "connecttimeout")); seconds && *seconds > 0)
        options.connect_timeout = std::chrono::seconds(*seconds);
    options.ciphers = first_of(values, "ciphers");
    options.kex_algorithms = first_of(values, "kexalgorithms");
    return options;
}

}  // namespace vmc::model
