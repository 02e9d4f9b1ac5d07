// SPDX-License-Identifier: Apache-2.0
#include "app/cli/recovery_text.hpp"

#include <fmt/format.h>

#include "app/cli/console.hpp"
#include "app/cli/diagnosis_text.hpp"
#include "app/cli/json_text.hpp"
#include "base/span.hpp"

namespace vmc::cli {

namespace {

/// "12:03:07Z"
std::string clock_of(WallTime at) { return iso_time(at).substr(11, 8) + "Z"; }

std::string outlook_page(const Recovery& done) {
    std::string text;
    bool taken = false;
    for (const auto& rung : done.outlook) {
        const auto now = rung.may && !taken ? "would be taken"
                         : rung.may         ? "might be next"
                         : rung.later       ? "not yet"
                                            : "not taken";
        taken = taken || rung.may;
        text += fmt::format("  {:<12} {}: {}\n", slug(rung.rung), now, rung.why);
        if ((rung.may || rung.later) && !rung.action.empty())
            text += fmt::format("  {:<12} {}\n", "", one_line(rung.action));
    }
    return text;
}

}  // namespace

std::string recovery_page(const std::string& host, const Recovery& done) {
    const bool dry = !done.outlook.empty();
    std::string text = host + ": " + (done.recovered || dry ? "" : "not back: ") + done.reason;
    if (done.down) text += ", ill for " + spoken(*done.down);
    text += "\n";
    if (!done.recovered) text += "  " + diagnosis_line(done.found) + "\n";
    if (dry) return text + outlook_page(done);
    for (const auto& step : done.steps) {
        if (step.rung == Rung::look_again) continue;
        text += fmt::format("  {}  {:<12} {}\n", clock_of(step.at), slug(step.rung), step.reason);
        text += fmt::format("             {}{}\n", step.worked ? "" : "failed: ", step.result);
    }
    if (done.boot && done.boot->change != BootChange::none) text += "  " + done.boot->line() + "\n";
    if (!done.incident.empty()) text += "  incident " + done.incident + "\n";
    return text;
}

std::string recovery_json(const std::string& host, const Recovery& done) {
    nlohmann::ordered_json fields;
    fields["schema"] = 1;
    fields["host"] = host;
    fields["recovered"] = done.recovered;
    fields["reason"] = done.reason;
    fields["incident"] = done.incident.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(done.incident);
    fields["took_ms"] = milliseconds(done.took);
    fields["down_ms"] = done.down ? nlohmann::ordered_json(milliseconds(*done.down)) : nlohmann::ordered_json();
    fields["verdict"] = slug(done.found.health.verdict);
    fields["cause"] = done.found.health.cause;
    fields["claim"] = done.found.health.claim;
    fields["boot_change"] = done.boot ? nlohmann::ordered_json(slug(done.boot->change)) : nlohmann::ordered_json();
    fields["steps"] = nlohmann::ordered_json::array();
    for (const auto& step : done.steps)
        fields["steps"].push_back({{"rung", slug(step.rung)},
                                   {"at", iso_time(step.at)},
                                   {"reason", step.reason},
                                   {"action", step.action},
                                   {"worked", step.worked},
                                   {"result", step.result}});
    if (!done.outlook.empty()) fields["outlook"] = nlohmann::ordered_json::array();
    for (const auto& rung : done.outlook)
        fields["outlook"].push_back({{"rung", slug(rung.rung)},
                                     {"may", rung.may},
                                     {"later", rung.later},
                                     {"why", rung.why},
                                     {"action", rung.action}});
    return json_line(fields);
}

}  // namespace vmc::cli
