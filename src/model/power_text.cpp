// SPDX-License-Identifier: Apache-2.0
#include "model/power_text.hpp"

#include <algorithm>
#include <utility>

#include "base/lower.hpp"
#include "model/escape.hpp"

namespace vmc::model {
namespace {

constexpr std::size_t longest_answer = 300;

std::string_view last_line(std::string_view text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.remove_suffix(1);
    const auto begin = text.rfind('\n');
    return begin == std::string_view::npos ? text : text.substr(begin + 1);
}

}  // namespace

PowerState state_of_agent(std::optional<int> code, std::string_view out) {
    constexpr int is_on = 0, is_off = 2;
    const auto word = lower(last_line(out));
    const bool says_on = word == "status: on", says_off = word == "status: off";
    if (code == is_on && !says_off) return PowerState::on;
    if (code == is_off && !says_on) return PowerState::off;
    return PowerState::unknown;
}

PowerState state_of_word(std::string_view out) {
    const auto begin = std::min(out.find_first_not_of(" \t\r\n"), out.size());
    const auto end = std::min(out.find_first_of(" \t\r\n", begin), out.size());
    const auto rest = out.substr(end);
    // One word, and nothing behind it: who says more says something else.
    if (rest.find_first_not_of(" \t\r\n") != std::string_view::npos) return PowerState::unknown;
    const auto word = lower(out.substr(begin, end - begin));
    if (word == "running") return PowerState::on;
    return parse_power_state(word).value_or(PowerState::unknown);
}

PowerState state_of_qemu(std::string_view status) {
    static constexpr std::pair<std::string_view, PowerState> known[] = {
        {"running", PowerState::on},         {"paused", PowerState::paused},
        {"prelaunch", PowerState::paused},   {"suspended", PowerState::paused},
        {"save-vm", PowerState::paused},     {"restore-vm", PowerState::paused},
        {"inmigrate", PowerState::paused},   {"finish-migrate", PowerState::paused},
        {"postmigrate", PowerState::paused}, {"debug", PowerState::paused},
        {"shutdown", PowerState::off},       {"guest-panicked", PowerState::panicked},
    };
    const auto* const found = std::ranges::find(known, status, &std::pair<std::string_view, PowerState>::first);
    return found == std::end(known) ? PowerState::unknown : found->second;
}

std::optional<PowerState> state_of_qemu_event(std::string_view event) {
    static constexpr std::pair<std::string_view, PowerState> known[] = {
        {"RESET", PowerState::on},
        {"STOP", PowerState::paused},
        {"SUSPEND", PowerState::paused},
        {"SHUTDOWN", PowerState::off},
        {"GUEST_PANICKED", PowerState::panicked},
        {"GUEST_CRASHLOADED", PowerState::dumping},  // its crash kernel takes over
    };
    const auto* const found = std::ranges::find(known, event, &std::pair<std::string_view, PowerState>::first);
    return found == std::end(known) ? std::nullopt : std::optional(found->second);
}

bool is_secret(std::string_view option) {
    const auto name = lower(option);
    if (name.ends_with("file") || name.ends_with("path") || name.ends_with("script") || name == "no_password")
        return false;
    static constexpr std::string_view words[] = {"passw",   "passphrase", "secret",     "token",
                                                 "api_key", "apikey",     "access_key", "private_key"};
    return std::ranges::any_of(words, [&](std::string_view word) { return name.contains(word); });
}

std::string last_words(std::string_view out, std::string_view err) {
    const auto line = last_line(err).empty() ? last_line(out) : last_line(err);
    return escape_for_terminal(line.substr(0, longest_answer)).substr(0, longest_answer);
}

std::string how_it_failed(std::optional<int> code, std::string_view out, std::string_view err) {
    const std::string how = code ? "exit " + std::to_string(*code) : "ended by a signal";
    const auto words = last_words(out, err);
    return words.empty() ? how : how + ": " + words;
}

}  // namespace vmc::model
