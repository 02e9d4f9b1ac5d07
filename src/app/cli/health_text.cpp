// SPDX-License-Identifier: Apache-2.0
#include "app/cli/health_text.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "app/cli/console.hpp"
#include "app/cli/json_text.hpp"
#include "base/span.hpp"

namespace vmc::cli {

namespace {

using json = nlohmann::ordered_json;

constexpr std::size_t label_width = 22;
constexpr std::size_t detail_column = 2 + 8 + label_width + 1 + 6 + 2;

/// SGR codes: green, red, yellow.
std::string_view colour_of(Answer answer) {
    switch (answer) {
        case Answer::works: return "32";
        case Answer::fails: return "31";
        case Answer::unknown: return "33";
    }
    return "0";
}

/// Layers with one question go by their own name.
std::string label_of(const Evidence& evidence) {
    std::string label(slug(evidence.layer));
    if (evidence.check == "own-network") label = "our own network";
    if (evidence.check == "canary") label = "the canary";
    if (evidence.check == "power-switch") label = "power switch";
    if (evidence.check == "other-vms") label = "other VMs";
    if (evidence.check == "command-old-session") label = "exec, old session";
    if (evidence.layer == Layer::system || evidence.layer == Layer::storage) label += "/" + evidence.check;
    return one_line(label);
}

}  // namespace

std::string evidence_row(const Evidence& evidence, bool colour, std::size_t width) {
    const auto answer = fmt::format("{:<8}", slug(evidence.answer));
    const auto painted = colour ? fmt::format("\x1b[{}m{}\x1b[0m", colour_of(evidence.answer), answer) : answer;
    const auto took = evidence.took > Duration{} ? spoken(evidence.took) : "";
    return fmt::format("  {}{:<{}} {:>6}  {}\n", painted, label_of(evidence), label_width, took,
                       wrapped(one_line(evidence.detail), detail_column, width));
}

json evidence_json(const Evidence& evidence) {
    json fields;
    fields["layer"] = slug(evidence.layer);
    fields["check"] = evidence.check;
    fields["answer"] = slug(evidence.answer);
    fields["detail"] = evidence.detail;
    fields["took_ms"] = milliseconds(evidence.took);
    return fields;
}

std::string health_table(const std::string& host, const Health& health, bool colour, std::size_t width) {
    // What is not proven is not claimed: silence may be ours.
    const auto standing = health.claim ? "" : " (observed, not proven)";
    const auto cause =
        health.cause.empty() || health.cause == "none" || health.cause == "unknown" ? "" : ", cause: " + health.cause;
    auto text = fmt::format("{}: {}{}{}\n", host, slug(health.verdict), standing, cause);
    text += fmt::format("  alive: {}, confidence {:.2f}; {} of {} checks passed ({})\n", health.alive ? "yes" : "no",
                        health.confidence, health.passed(), health.evidence.size(), slug(health.level));
    for (const auto& evidence : health.evidence) text += evidence_row(evidence, colour, width);
    return text;
}

std::string health_json(const std::string& host, const Health& health) {
    json fields;
    fields["schema"] = 1;
    fields["host"] = host;
    fields["level"] = slug(health.level);
    fields["verdict"] = slug(health.verdict);
    fields["claim"] = health.claim;
    fields["cause"] = health.cause;
    fields["alive"] = health.alive;
    fields["confidence"] = health.confidence;
    fields["ssh_available"] = health.ssh_available;
    fields["network_reachable"] = health.network_reachable;
    fields["os_signs_detected"] = health.os_signs;
    fields["ping"] = slug(health.ping);
    fields["port_behavior"] = health.port_behavior;
    fields["tcp_stack"] = slug(health.tcp_stack);
    fields["response_time_ms"] = health.response_time ? json(milliseconds(*health.response_time)) : json();
    fields["checks_passed"] = health.passed();
    fields["checks_failed"] = health.failed();
    fields["layers"] = json::array();
    for (const auto& evidence : health.evidence) fields["layers"].push_back(evidence_json(evidence));
    return json_line(fields);
}

}  // namespace vmc::cli
