// SPDX-License-Identifier: Apache-2.0
#include "model/condition.hpp"

#include <algorithm>

namespace vmc::model {
namespace {

bool runs_commands(const Diagnosis& diagnosis) {
    return std::ranges::any_of(diagnosis.health.evidence,
                               [](const Evidence& e) { return e.layer == Layer::exec && e.answer == Answer::works; });
}

bool is_stranger(BootChange change) {
    return change == BootChange::other_machine || change == BootChange::re_imaged || change == BootChange::ambiguous;
}

/// What speaks of its silence, each by another way: our connections to it, its power switch, others near it who
/// answer us. A fresh login and the session from before go the same way, and are one.
int sources_of(const Circumstances& around, std::optional<PowerState> power) {
    const bool others = around.canary == Canary::answers || around.company == Company::answers;
    return 1 + (power && *power != PowerState::unknown ? 1 : 0) + (others ? 1 : 0);
}

/// Who is turned away by a firewall may be turned away by the VM's own.
bool is_silent(const Diagnosis& diagnosis, const Circumstances& around) {
    const auto verdict = diagnosis.health.verdict;
    const bool gone = verdict == Verdict::unreachable || verdict == Verdict::off || verdict == Verdict::crashed;
    const bool rejected = symptoms_of(diagnosis.health.evidence, around).login() == Login::rejected;
    return gone && !rejected && !diagnosis.health.os_signs && !runs_commands(diagnosis);
}

bool works(const Diagnosis& diagnosis, std::string_view check) {
    return std::ranges::any_of(diagnosis.health.evidence,
                               [&](const Evidence& e) { return e.check == check && e.answer == Answer::works; });
}

/// Seen from inside its sshd listens, seen from outside its port is silent: something between them drops us. Where
/// nothing starts little can be learnt: what is likely then is proven by the script before it acts.
std::string suspected(const Diagnosis& diagnosis, const Circumstances& around) {
    if (diagnosis.health.cause != "unknown") return {};
    const auto login = symptoms_of(diagnosis.health.evidence, around).login();
    if (runs_commands(diagnosis) && login == Login::silent && works(diagnosis, "ssh-listener")) return "port-filtered";
    const auto& ranked = diagnosis.hypotheses;
    if (!ranked.empty() && ranked.front().cause == "fork-failure" && ranked.front().probability > 0.5)
        return "fork-failure";
    return {};
}

}  // namespace

Condition condition_of(const Diagnosis& diagnosis, const Circumstances& around, std::optional<PowerState> power) {
    Condition is;
    is.verdict = diagnosis.health.verdict;
    is.claim = diagnosis.health.claim;
    is.cause = diagnosis.health.cause;
    is.suspected = suspected(diagnosis, around);
    for (const auto& hypothesis : diagnosis.hypotheses)
        if (hypothesis.cause == "observer-offline" || hypothesis.cause == "observer-overloaded")
            is.ours += hypothesis.probability;
    is.stranger = is_stranger(diagnosis.boot_change);
    is.runs_commands = runs_commands(diagnosis);
    is.power = power;
    const auto& evidence = diagnosis.health.evidence;
    const auto said = std::ranges::find(evidence, "power-switch", &Evidence::check);
    if (said != evidence.end()) is.power_words = said->detail;
    is.silent = is_silent(diagnosis, around);
    is.silent_sources = is.silent ? sources_of(around, power) : 0;
    return is;
}

}  // namespace vmc::model
