// SPDX-License-Identifier: Apache-2.0
#include "app/cli/diagnosis_text.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "app/cli/boot_text.hpp"
#include "app/cli/console.hpp"
#include "app/cli/health_text.hpp"
#include "app/cli/json_text.hpp"
#include "base/span.hpp"
#include "model/likelihoods.hpp"

namespace vmc::cli {

namespace {

using json = nlohmann::ordered_json;

/// Those that share the most of the probability: what a person should think of.
std::vector<const Hypothesis*> likely(const Diagnosis& diagnosis) {
    std::vector<const Hypothesis*> set;
    double sum = 0;
    for (const auto& hypothesis : diagnosis.hypotheses) {
        if (sum >= 0.9 || set.size() == 4) break;
        set.push_back(&hypothesis);
        sum += hypothesis.probability;
    }
    return set;
}

std::string percent(double probability) {
    if (probability > 0.99) return "> 99 %";
    return fmt::format("{:.0f} %", 100 * probability);
}

/// The first sentence: what can be said for sure.
std::string standing(const Diagnosis& diagnosis) {
    const auto& health = diagnosis.health;
    if (health.cause == "none") return "Nothing is wrong: a fresh login works and runs a command.";
    const bool named = health.cause != "unknown";
    if (named && health.claim) return fmt::format("{}.", words_of_cause(health.cause));
    if (named) return fmt::format("Most likely {}.", words_of_cause(health.cause));
    const auto set = likely(diagnosis);
    if (health.verdict == Verdict::unknown && set.empty()) return "Nothing can be told.";
    std::string text = "It cannot be told from here which it is: ";
    for (std::size_t i = 0; i < set.size(); ++i) {
        if (i > 0) text += i + 1 == set.size() ? ", or " : ", ";
        text += fmt::format("{} ({})", words_of_cause(set[i]->cause), percent(set[i]->probability));
    }
    return text + ".";
}

std::string sentence(std::string text) {
    // The name of a program is no word to begin with a capital.
    if (text.starts_with("sshd")) return text;
    if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
    return text;
}

std::string about_boot(const Diagnosis& diagnosis) {
    if (!diagnosis.boot) return {};
    std::string text = fmt::format(" Since we last read its boot: {}.", diagnosis.boot->line());
    if (!diagnosis.boot->cause.empty()) text += fmt::format(" Its kernel's last words: {}.", diagnosis.boot->cause);
    return text;
}

std::string paragraph(const Diagnosis& diagnosis) {
    const auto& health = diagnosis.health;
    std::string text = sentence(standing(diagnosis)) + about_boot(diagnosis);
    if (diagnosis.since)
        text += fmt::format(" Last sign of life at {}.", iso_time(*diagnosis.since).substr(11, 8) + " UTC");
    const bool works = health.verdict == Verdict::healthy || health.verdict == Verdict::degraded;
    if (!works && health.confidence > 0)
        text += fmt::format(" That its system is alive: {}.", percent(health.confidence));
    return text;
}

/// What speaks for `first` as well is said there, once.
std::string cause_block(const Hypothesis& hypothesis, const Hypothesis& first, std::size_t width) {
    auto text = fmt::format("  {:>6}  {:<20} {}\n", percent(hypothesis.probability), hypothesis.cause,
                            wrapped(std::string(words_of_cause(hypothesis.cause)), 31, width));
    for (const auto& line : hypothesis.speaks_for) {
        const bool said = &hypothesis != &first && std::ranges::find(first.speaks_for, line) != first.speaks_for.end();
        if (!said) text += "          + " + wrapped(line, 12, width) + "\n";
    }
    for (const auto& line : hypothesis.speaks_against) text += "          - " + wrapped(line, 12, width) + "\n";
    return text;
}

json hypothesis_json(const Hypothesis& hypothesis) {
    json fields;
    fields["cause"] = hypothesis.cause;
    fields["probability"] = std::round(hypothesis.probability * 1e4) / 1e4;
    fields["for"] = hypothesis.speaks_for;
    fields["against"] = hypothesis.speaks_against;
    return fields;
}

}  // namespace

std::string diagnosis_line(const Diagnosis& diagnosis) { return paragraph(diagnosis); }

std::string diagnosis_page(const std::string& host, const Diagnosis& diagnosis, bool colour, std::size_t width) {
    const auto& health = diagnosis.health;
    auto text = fmt::format("{}: {}{}\n", host, slug(health.verdict), health.claim ? "" : " (observed, not proven)");
    text += "  " + wrapped(paragraph(diagnosis), 2, width) + "\n\n";
    for (const auto& evidence : health.evidence) {
        // What the system reports well is a crowd of lines that nobody asked about.
        const bool detail = evidence.layer == Layer::system || evidence.layer == Layer::storage;
        if (detail && evidence.answer != Answer::fails) continue;
        text += evidence_row(evidence, colour, width);
    }
    if (health.cause == "none") return text;
    text += "\n";
    for (const auto& hypothesis : diagnosis.hypotheses)
        if (hypothesis.probability >= 0.03 || &hypothesis == diagnosis.hypotheses.data())
            text += cause_block(hypothesis, diagnosis.hypotheses.front(), width);
    if (!diagnosis.would_settle.empty()) text += "\n  What would tell them apart:\n";
    for (const auto& question : diagnosis.would_settle) text += "    " + wrapped(question, 4, width) + "\n";
    return text;
}

std::string diagnosis_json(const std::string& host, const Diagnosis& diagnosis, std::string_view event) {
    const auto& health = diagnosis.health;
    json fields;
    if (!event.empty()) fields["event"] = event;
    fields["schema"] = 1;
    fields["host"] = host;
    fields["verdict"] = slug(health.verdict);
    fields["claim"] = health.claim;
    fields["cause"] = health.cause;
    fields["since"] = diagnosis.since ? json(iso_time(*diagnosis.since)) : json();
    fields["alive"] = health.alive;
    fields["confidence"] = std::round(health.confidence * 1e4) / 1e4;
    fields["hypotheses"] = json::array();
    for (const auto& hypothesis : diagnosis.hypotheses) fields["hypotheses"].push_back(hypothesis_json(hypothesis));
    fields["would_settle"] = diagnosis.would_settle;
    fields["boot_change"] = slug(diagnosis.boot_change);
    fields["boot"] = diagnosis.boot ? story_fields(*diagnosis.boot) : json();
    fields["layers"] = json::array();
    json evidence = json::array();
    for (const auto& each : health.evidence) {
        const bool beside = each.layer == Layer::system || each.layer == Layer::storage;
        (beside ? evidence : fields["layers"]).push_back(evidence_json(each));
    }
    fields["evidence"] = std::move(evidence);
    const auto& from = model::Likelihoods::built_in().provenance();
    fields["table"] = {{"seeds", from.seeds}, {"fitted", from.fitted_on}, {"sha1", from.sha1}};
    return json_line(fields);
}

}  // namespace vmc::cli
