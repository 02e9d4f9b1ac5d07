// SPDX-License-Identifier: Apache-2.0
#include "model/quote.hpp"

#include <algorithm>
#include <utility>

namespace vmc::model {
namespace {

std::unexpected<Error> bad(std::string message) { return failed(Code::bad_request, Stage::config, std::move(message)); }

/// A directory that `cd` takes as a path and nothing else: not an option, not `-` (the previous
/// one), not a name to look for in CDPATH. An exec request starts in the home directory.
std::string directory_word(std::string_view directory) {
    if (directory == "~") return ".";
    if (directory.starts_with("~/")) directory.remove_prefix(2);
    else if (directory.starts_with('/')) return std::string(directory);
    return "./" + std::string(directory);
}

/// Carries a script through any login shell into a POSIX one. Inside single quotes the payload
/// has no byte that a shell family reads differently; %b turns \0ooo back into the byte.
std::string through_sh(std::string_view script) {
    std::string line = R"-(exec /bin/sh -c 'eval "$(printf %b "$1")"' sh ')-";
    for (const char c : script) {
        switch (c) {
            case '\n': line += "\\0012"; break;
            case '!': line += "\\0041"; break;
            case '\'': line += "\\0047"; break;
            case '\\': line += "\\0134"; break;
            default: line += c;
        }
    }
    return line + "'";
}

bool has_nul(const Command& command) {
    const auto holds = [](const std::string& text) { return text.find('\0') != std::string::npos; };
    return holds(command.line()) || holds(command.cwd()) || std::ranges::any_of(command.words(), holds) ||
           std::ranges::any_of(command.env(), [&](const auto& pair) { return holds(pair.second); });
}

Result<void> check(const Command& command) {
    if (command.words().empty() && command.line().empty()) return bad("no command given");
    if (has_nul(command)) return bad("a command cannot hold a NUL byte");
    for (const auto& [name, value] : command.env()) {
        if (!is_variable_name(name)) return bad("not a name for an environment variable: '" + name + "'");
    }
    if (command.sudo_password().find_first_of(std::string_view("\n\0", 2)) != std::string::npos)
        return bad("a sudo password is one line");
    if (!command.sudo_password().empty() && command.pty())
        return bad("a sudo password cannot be given beside a terminal, which would show it");
    const bool behind_env = command.sudo() || !command.env().empty();
    if (behind_env && !command.words().empty() && command.words().front().find('=') != std::string::npos)
        return bad("a command whose name holds '=' cannot run behind env or sudo");
    return {};
}

constexpr std::string_view sudo_prefix = "sudo -n -- ";
constexpr std::string_view password_prefix =
    R"(/bin/sh -c 'IFS= read -r p; printf "%s\n" "$p" | sudo -S -p "" -v && sudo -n -- "$@"; exit $?' sh )";

std::string compose(const Command& command, SudoWay way) {
    std::string line;
    if (!command.cwd().empty()) line += "cd " + quote(directory_word(command.cwd())) + " && ";
    if (command.sudo()) line += way == SudoWay::plain ? sudo_prefix : password_prefix;
    if (!command.env().empty()) {
        line += "env ";
        for (const auto& [name, value] : command.env()) line += name + "=" + quote(value) + " ";
    }
    if (command.words().empty()) return line + "\"$SHELL\" -c " + quote(command.line());
    for (const std::string& word : command.words()) line += quote(word) + " ";
    line.pop_back();
    return line;
}

}  // namespace

std::string quote(std::string_view word) {
    std::string quoted;
    quoted.reserve(word.size() + 2);
    bool inside = false;
    const auto turn = [&](bool in) {
        if (in != inside) quoted += '\'';
        inside = in;
    };
    for (const char c : word) {
        const bool bare = c == '\'' || c == '\\' || c == '!';
        turn(!bare);
        if (bare) quoted += '\\';
        quoted += c;
    }
    turn(false);
    return quoted.empty() ? "''" : quoted;
}

bool needs_known_shell(std::string_view word) noexcept { return word.find('\n') != std::string_view::npos; }

bool is_variable_name(std::string_view name) noexcept {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    return !name.empty() && letter(name.front()) &&
           std::ranges::all_of(name, [&](char c) { return letter(c) || digit(c); });
}

Result<std::string> wire_line(const Command& command, SudoWay sudo) {
    if (const auto checked = check(command); !checked) return std::unexpected(checked.error());
    const bool verbatim = command.words().empty() && command.cwd().empty() && command.env().empty() && !command.sudo();
    std::string line = verbatim ? command.line() : compose(command, sudo);
    if (!verbatim && needs_known_shell(line)) line = through_sh(line);
    if (line.size() > longest_line)
        return bad("a command line of " + std::to_string(line.size()) + " bytes; Linux takes at most " +
                   std::to_string(longest_line));
    return line;
}

}  // namespace vmc::model
