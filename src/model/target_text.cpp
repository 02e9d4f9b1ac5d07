// SPDX-License-Identifier: Apache-2.0
#include "model/target_text.hpp"

#include <algorithm>
#include <utility>

#include "model/key_values.hpp"

namespace vmc::model {
namespace {

bool made_of(std::string_view text, std::string_view others) {
    return std::ranges::all_of(text, [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               others.find(c) != std::string_view::npos;
    });
}

bool is_ipv6(std::string_view text) {
    const auto zone = text.find('%');
    const std::string_view address = text.substr(0, zone);
    if (zone != std::string_view::npos) {
        const std::string_view name = text.substr(zone + 1);
        if (name.empty() || !made_of(name, "._-")) return false;
    }
    return std::ranges::count(address, ':') >= 2 &&
           address.find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos;
}

bool is_name(std::string_view text) { return !text.empty() && text.front() != '-' && made_of(text, "._-"); }

/// Quotes what was written for the message; what a terminal could obey is shown as `?`.
std::string shown(std::string_view text) {
    std::string quoted = "'";
    for (const char c : text.substr(0, 80)) quoted += c >= ' ' && c <= '~' ? c : '?';
    return quoted + "'";
}

std::unexpected<Error> bad(std::string_view what, std::string_view text) {
    return failed(Code::bad_request, Stage::config, std::string(what) + " in " + shown(text));
}

/// Splits host and port; `port` stays empty when none was written.
bool split(std::string_view rest, std::string_view& host, std::optional<std::string_view>& port) {
    if (rest.starts_with('[')) {
        const auto close = rest.find(']');
        if (close == std::string_view::npos) return false;
        host = rest.substr(1, close - 1);
        const std::string_view after = rest.substr(close + 1);
        if (after.starts_with(':')) port = after.substr(1);
        return after.empty() || port;
    }
    host = rest;
    if (std::ranges::count(rest, ':') == 1) {
        host = rest.substr(0, rest.find(':'));
        port = rest.substr(rest.find(':') + 1);
    }
    return true;
}

}  // namespace

std::optional<std::uint16_t> parse_port(std::string_view text) noexcept {
    const auto number = whole_number<std::uint16_t>(text);
    return number && *number > 0 ? number : std::nullopt;
}

Result<HostText> parse_host(std::string_view text) {
    HostText result;
    std::string_view rest = text;
    if (rest.starts_with("ssh://")) {
        rest.remove_prefix(6);
        if (rest.ends_with('/')) rest.remove_suffix(1);
        if (rest.find('/') != std::string_view::npos) return bad("a path", text);
    }
    if (const auto at = rest.rfind('@'); at != std::string_view::npos) {
        const std::string_view user = rest.substr(0, at);
        if (user.empty() || user.front() == '-' || !made_of(user, "._@+-")) return bad("not a user name", text);
        result.user = user;
        rest.remove_prefix(at + 1);
    }
    std::string_view host;
    std::optional<std::string_view> port;
    if (!split(rest, host, port)) return bad("unclosed or stray brackets", text);
    if (host.empty()) return bad("no host", text);
    const bool bracketed = rest.starts_with('[');
    if (!is_ipv6(host) && (bracketed || !is_name(host)))
        return bad(bracketed ? "not an IPv6 address" : "not a host name", text);
    result.host = host;
    if (port) {
        result.port = parse_port(*port);
        if (!result.port) return bad("not a port (1 to 65535)", text);
    }
    return result;
}

}  // namespace vmc::model
