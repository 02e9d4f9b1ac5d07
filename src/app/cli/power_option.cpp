// SPDX-License-Identifier: Apache-2.0
#include "app/cli/power_option.hpp"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>

#include "model/power_text.hpp"

namespace vmc::cli {

namespace {

std::string_view take(std::string_view& rest, char separator) {
    const auto end = std::min(rest.find(separator), rest.size());
    const auto part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return part;
}

Expected<std::optional<PowerSwitch>> fence(std::string_view rest) {
    std::string agent(take(rest, ','));
    std::map<std::string, std::string> options;
    while (!rest.empty()) {
        auto value = take(rest, ',');
        const std::string key(take(value, '='));
        if (key.empty() || value.find('\n') != value.npos) return usage("--power: an option of an agent is KEY=VALUE");
        if (key == "action") return usage("--power: the action is not among an agent's options");
        if (model::is_secret(key))
            return usage("--power: " + key + " is for nobody's eyes: write it into the secrets of config.toml");
        options[key] = value;
    }
    if (agent.empty()) return usage("--power: fence:AGENT[,KEY=VALUE...]");
    return PowerSwitch::fence(std::move(agent), std::move(options));
}

}  // namespace

void PowerOption::describe(CLI::App& app, const char* group) {
    app.add_option("--power", text_, "qmp:SOCKET, fence:AGENT,KEY=VALUE or none")->option_text("SWITCH")->group(group);
}

Expected<void> PowerOption::apply(HostOptions& host) const {
    if (!text_) return {};
    auto which = read(*text_);
    if (!which) return std::unexpected(std::move(which.error()));
    host.power_is(std::move(*which));
    return {};
}

Expected<std::optional<PowerSwitch>> PowerOption::read(const std::string& text) {
    std::string_view rest = text;
    const auto kind = take(rest, ':');
    if (kind == "none" && rest.empty()) return std::nullopt;
    if (kind == "qmp" && !rest.empty()) return PowerSwitch::qmp(std::string(rest));
    if (kind == "fence") return fence(rest);
    return usage("--power: \"" + text + "\" is no switch: qmp:SOCKET, fence:AGENT[,KEY=VALUE...] or none");
}

}  // namespace vmc::cli
