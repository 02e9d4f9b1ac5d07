// SPDX-License-Identifier: Apache-2.0
#include "model/console_text.hpp"

#include "base/lower.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>

namespace vmc::model {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == text.npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// Without what was an escape sequence before it was made visible: "\x1b[0;1;31m", "\x1bc".
std::string plain(std::string_view line) {
    constexpr std::string_view escape = "\\x1b";
    std::string text;
    for (auto found = line.find(escape); found != line.npos; found = line.find(escape)) {
        text += line.substr(0, found);
        line.remove_prefix(found + escape.size());
        if (line.starts_with('['))
            line.remove_prefix(std::min(line.find_first_not_of("0123456789;:?=", 1), line.size()));
        if (!line.empty()) line.remove_prefix(1);
    }
    text += line;
    return text;
}

/// "[   12.345678]", and "[    T1]" or "[   C0]" of kernels that name the caller: its length, or 0.
std::size_t kernel_stamp(std::string_view text) {
    const auto bracket = [&text](std::size_t from, std::string_view inside) -> std::size_t {
        if (from >= text.size() || text[from] != '[') return 0;
        const auto end = text.find(']', from);
        if (end == text.npos || end - from < 2) return 0;
        const auto word = trimmed(text.substr(from + 1, end - from - 1));
        const bool fits = !word.empty() && word.find_first_not_of(inside) == word.npos && is_digit(word.back());
        return fits ? end + 1 : 0;
    };
    const auto time = bracket(0, "0123456789.");
    if (time == 0 || text.substr(0, time).find('.') == text.npos) return 0;
    const auto caller = bracket(time, "0123456789TC");
    return std::max(time, caller);
}

/// What the kernel says in this line, also behind a prompt that had no end of its own ("web-1 login: [  35.1] …").
std::string_view kernel_words(std::string_view text) {
    for (auto at = text.find('['); at != text.npos; at = text.find('[', at + 1))
        if (const auto stamp = kernel_stamp(text.substr(at)); stamp > 0) return trimmed(text.substr(at + stamp));
    return trimmed(text);
}

template <std::size_t N>
bool begins(std::string_view text, const std::array<std::string_view, N>& words) {
    return std::ranges::any_of(words, [&](std::string_view word) { return text.starts_with(word); });
}
template <std::size_t N>
bool has(std::string_view text, const std::array<std::string_view, N>& words) {
    return std::ranges::any_of(words, [&](std::string_view word) { return text.find(word) != text.npos; });
}

constexpr std::array<std::string_view, 2> panic = {"Kernel panic - not syncing", "---[ end Kernel panic - not syncing"};
constexpr std::array<std::string_view, 3> out_of_memory = {"Out of memory: Kill", "Memory cgroup out of memory: Kill",
                                                           "Out of memory and no killable processes"};
constexpr std::array<std::string_view, 9> boot = {"Linux version ",      "Booting Linux on physical CPU",
                                                  "Decompressing Linux", "SeaBIOS (version ",
                                                  "BdsDxe: loading ",    "BdsDxe: starting ",
                                                  "GNU GRUB  version",   "Welcome to GRUB!",
                                                  "GRUB loading"};
constexpr std::array<std::string_view, 3> crash_kernel = {"Starting crashdump kernel", "Starting crash kernel",
                                                          "Booting crash kernel"};
/// In lower case. "crashkernel=" and the services that arm it are part of every boot of such a system.
constexpr std::array<std::string_view, 7> dump_ended = {
    "saving vmcore complete", "saving vmcore failed",     "saved vmcore in",      "makedumpfile completed",
    "makedumpfile failed",    "the dumpfile is saved to", "failed to save vmcore"};
constexpr std::array<std::string_view, 5> dump = {"saving vmcore", "running makedumpfile", "makedumpfile -",
                                                  "starting kdump kernel", "saving to /sysroot"};
constexpr std::array<std::string_view, 4> emergency = {"(initramfs)", "Give root password for ",
                                                       "Press Enter for maintenance",
                                                       "Cannot open access to console, the root account is locked"};
constexpr std::array<std::string_view, 8> emergency_within = {
    "You are in emergency mode",       "Welcome to emergency mode",     "Entering emergency mode",
    "Reached target emergency.target", "Reached target Emergency Mode", "Started emergency.service",
    "Started Emergency Shell",         "Dropping to a shell!"};

bool is_dump(std::string_view kernel, std::string_view lower) {
    const bool command_line = kernel.starts_with("Kernel command line:") || kernel.starts_with("Command line:");
    if (command_line) return kernel.find("elfcorehdr=") != kernel.npos;
    if (lower.starts_with("copying data") && lower.find(": [") != lower.npos) return true;
    return begins(kernel, crash_kernel) || has(lower, dump);
}

/// "web-1 login:", with nothing behind it but agetty's own word.
bool is_login(std::string_view text) {
    constexpr std::string_view automatic = " (automatic login)";
    constexpr std::string_view asks = " login:";
    if (text.ends_with(automatic)) text = trimmed(text.substr(0, text.rfind(" login: ") + asks.size()));
    if (!text.ends_with(asks)) return false;
    const auto name = text.substr(0, text.size() - asks.size());
    return !name.empty() && name != "Last" && name.find_first_of(" \t:") == name.npos;
}

}  // namespace

std::string_view slug(ConsoleSign sign) noexcept {
    switch (sign) {
        case ConsoleSign::boot: return "boot";
        case ConsoleSign::panic: return "panic";
        case ConsoleSign::dump: return "dump";
        case ConsoleSign::dump_ended: return "dump-ended";
        case ConsoleSign::out_of_memory: return "out-of-memory";
        case ConsoleSign::emergency: return "emergency";
        case ConsoleSign::login: return "login";
    }
    return "";
}

std::optional<ConsoleSign> console_sign(std::string_view line) {
    const auto text = plain(line);
    const auto kernel = kernel_words(text);
    if (begins(kernel, panic)) return ConsoleSign::panic;
    if (begins(kernel, out_of_memory)) return ConsoleSign::out_of_memory;
    const std::string small = lower(kernel);
    if (has(small, dump_ended)) return ConsoleSign::dump_ended;
    if (is_dump(kernel, small)) return ConsoleSign::dump;
    if (begins(kernel, boot)) return ConsoleSign::boot;
    const auto whole = trimmed(text);
    if (begins(whole, emergency) || has(whole, emergency_within)) return ConsoleSign::emergency;
    if (is_login(whole)) return ConsoleSign::login;
    return std::nullopt;
}

std::vector<ConsoleFinding> read_console(const std::vector<ConsoleLine>& lines) {
    std::vector<ConsoleFinding> findings;
    for (const auto& line : lines)
        if (const auto sign = line.note ? std::nullopt : console_sign(line.text)) findings.push_back({*sign, line});
    return findings;
}

std::optional<ConsoleFinding> latest_state(const std::vector<ConsoleFinding>& findings) {
    const auto found = std::find_if(findings.rbegin(), findings.rend(), [](const ConsoleFinding& finding) {
        return finding.sign != ConsoleSign::out_of_memory;
    });
    return found == findings.rend() ? std::nullopt : std::optional(*found);
}

}  // namespace vmc::model
