// SPDX-License-Identifier: Apache-2.0
#include "model/ladder.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/span.hpp"
#include "model/cure.hpp"

namespace vmc::model {
namespace {

using What = Decision::What;
using namespace std::chrono_literals;

constexpr std::array rungs = {Rung::look_again, Rung::repair, Rung::reboot, Rung::sysrq, Rung::nmi, Rung::power_cycle};

/// As in a diagnosis: below that a hypothesis is not worth a question.
constexpr double in_doubt = 0.15;
constexpr std::size_t fleet_from = 4;
/// One look apart: what is off does not answer in between.
constexpr Duration proof_holds = 5s;
constexpr Duration soon = 5s;
constexpr Duration later = 30s;
constexpr Duration day = 24h;

/// One rung: may it be taken? Nothing: yes, for the reason that is left.
struct Judged {
    bool may = false;
    std::string why;
    std::optional<Instant> from;  ///< not yet, and from then on perhaps
};

class Climb {
public:
    Climb(const Condition& condition, const Fleet& fleet, const RecoveryPolicy& policy, const Deeds& deeds, Instant now)
        : is_(condition), fleet_(fleet), policy_(policy), deeds_(deeds), now_(now), cure_(cure_of(condition.cause)) {}

    [[nodiscard]] Decision decide() const {
        if (is_.verdict == Verdict::healthy && is_.claim) return said(What::recovered, "it is well");
        if (auto no = forbidden()) return std::move(*no);
        if (was_left_off()) return switch_on_again();
        if (const auto until = last_rung_works_until(); until && now_ < *until)
            return said(What::wait, "the last step may still take effect", *until);
        Decision decision;
        std::optional<Instant> from;
        std::string why_not_yet;
        for (const Rung rung : rungs) {
            if (rung > policy_.up_to()) break;
            if (!deeds_.rungs.empty() && rung <= highest()) continue;
            auto judged = judge(rung);
            if (judged.may) {
                decision.what = What::act;
                decision.rung = rung;
                decision.until = now_;
                decision.reason = std::move(judged.why);
                return decision;
            }
            if (judged.from && *judged.from < from.value_or(never)) {
                from = judged.from;
                why_not_yet = judged.why;
            }
            decision.passed_over.emplace_back(rung, std::move(judged.why));
        }
        if (!from && may_be_booting())
            return said(What::wait, "something of it answers, and nobody gets in: it may be booting", now_ + soon);
        decision.what = from ? What::wait : What::give_up;
        decision.until = from.value_or(now_);
        decision.reason = from ? "not yet: " + why_not_yet : "no step is left that may help";
        return decision;
    }

    [[nodiscard]] RungOutlook look_at(Rung rung) const {
        RungOutlook told;
        told.rung = rung;
        if (is_.verdict == Verdict::healthy && is_.claim) told.why = "it is well";
        else if (auto no = forbidden()) told.why = std::move(no->reason);
        else if (rung > policy_.up_to()) told.why = "not allowed: up to " + std::string(slug(policy_.up_to()));
        else if (rung == Rung::power_cycle && was_left_off()) {
            const auto decision = switch_on_again();
            told.may = decision.what == What::act;
            told.later = !told.may;
            told.why = decision.reason;
        } else if (has_taken(rung)) told.why = "taken already in this incident";
        else if (!deeds_.rungs.empty() && rung < highest()) told.why = "a higher one was taken already";
        else {
            auto judged = judge(rung);
            told.may = judged.may;
            told.later = judged.from.has_value();
            told.why = std::move(judged.why);
        }
        return told;
    }

private:
    [[nodiscard]] Decision said(What what, std::string reason, Instant until = {}) const {
        Decision decision;
        decision.what = what;
        decision.until = what == What::wait ? until : now_;
        decision.reason = std::move(reason);
        return decision;
    }

    /// What no rung may be taken against.
    [[nodiscard]] std::optional<Decision> forbidden() const {
        if (deeds_.in_flight) return said(What::wait, "an action on it is under way", now_ + soon);
        const bool we = is_.cause == "observer-offline" || is_.cause == "observer-overloaded";
        if (we || is_.ours >= in_doubt) return said(What::wait, "it may be we who are cut off", now_ + later);
        const bool other =
            is_.cause == "host-key-changed" || is_.cause == "other-machine" || is_.cause == "ambiguous-identity";
        if (other || is_.stranger) return said(What::give_up, "another machine may stand there");
        if (is_.power == PowerState::paused) return said(What::give_up, "it is paused: who paused it lets it go on");
        if (is_.power == PowerState::dumping || is_.cause == "dump-in-progress")
            return said(What::wait, "it writes the dump of a crash", now_ + later);
        if (fleet_.size >= fleet_from && fleet_.failed * 2 > fleet_.size)
            return said(What::wait, "more than half of the fleet failed together", now_ + later);
        if (is_.verdict == Verdict::healthy)
            return said(What::wait, "it looks well, and is not proven to be", now_ + soon);
        if (cure_ == Cure::time) return said(What::wait, "time may mend it: " + is_.cause, now_ + soon);
        if (cure_ == Cure::person) return said(What::give_up, "no step of ours mends it: " + is_.cause);
        return std::nullopt;
    }

    [[nodiscard]] Rung highest() const { return std::ranges::max_element(deeds_.rungs, {}, &Deeds::Taken::rung)->rung; }
    [[nodiscard]] bool has_taken(Rung rung) const {
        return std::ranges::find(deeds_.rungs, rung, &Deeds::Taken::rung) != deeds_.rungs.end();
    }
    /// Nobody restarted it by this incident's steps, but perhaps it did so itself.
    [[nodiscard]] bool may_be_booting() const {
        if (is_.runs_commands || is_.silent_since || deeds_.rungs.empty()) return false;
        return now_ < deeds_.rungs.back().at + policy_.takes_effect();
    }

    /// Whoever cycled its power came no further than to turn it off.
    [[nodiscard]] bool was_left_off() const {
        const auto cycles = std::ranges::count(deeds_.rungs, Rung::power_cycle, &Deeds::Taken::rung);
        const auto cycle = std::ranges::find(deeds_.rungs, Rung::power_cycle, &Deeds::Taken::rung);
        return cycles == 1 && cycle->turns_off && !cycle->carried_out && is_.power == PowerState::off &&
               !is_.runs_commands && policy_.up_to() == Rung::power_cycle;
    }
    [[nodiscard]] Decision switch_on_again() const {
        const auto judged = proven("its power cycle was cut short, and " + std::string(is_.was_off));
        if (!judged.may) return said(What::wait, "not yet: " + judged.why, judged.from.value_or(now_ + soon));
        auto decision = said(What::act, judged.why);
        decision.rung = Rung::power_cycle;
        return decision;
    }

    /// To look takes no time to take effect.
    [[nodiscard]] std::optional<Instant> last_rung_works_until() const {
        if (deeds_.rungs.empty() || deeds_.rungs.back().rung == Rung::look_again) return std::nullopt;
        return deeds_.rungs.back().at + policy_.takes_effect();
    }

    [[nodiscard]] Judged judge(Rung rung) const {
        switch (rung) {
            case Rung::look_again: return {true, "once more, before anything is done", {}};
            case Rung::repair: return repair();
            case Rung::reboot: return reboot();
            case Rung::sysrq: return sysrq();
            case Rung::nmi: return nmi();
            case Rung::power_cycle: return power_cycle();
        }
        return {};
    }

    [[nodiscard]] Judged repair() const {
        const std::string what =
            is_.to_repair() + std::string(is_.suspected.empty() ? std::string_view() : is_.on_suspicion);
        if (is_.rescue && is_.to_repair() == "fork-failure") return {true, what + ", and a shell was kept ready", {}};
        if (!is_.runs_commands) return {false, "no session runs commands", {}};
        if (cure_of(is_.to_repair()) != Cure::repair_or_reboot)
            return {false, "nothing that is known can be repaired from inside", {}};
        return {true, what + ", and a session runs commands", {}};
    }

    [[nodiscard]] bool ill_for_sure() const {
        return is_.claim && is_.verdict == Verdict::degraded &&
               (cure_ == Cure::reboot || cure_ == Cure::repair_or_reboot);
    }
    [[nodiscard]] Judged from_inside() const {
        if (!is_.runs_commands) return {false, "no session runs commands", {}};
        if (!is_.as_root) return {false, "not as root", {}};
        if (!ill_for_sure()) return {false, "it is not proven to be ill of what starting anew would mend", {}};
        return {true, is_.cause, {}};
    }
    [[nodiscard]] Judged reboot() const {
        auto judged = from_inside();
        const auto repair = std::ranges::find(deeds_.rungs, Rung::repair, &Deeds::Taken::rung);
        if (judged.may && cure_ == Cure::repair_or_reboot && repair != deeds_.rungs.end() && repair->suspected)
            return {false, "the repair that was taken was for another cause", {}};
        judged = within_share(std::move(judged));
        const auto& past = deeds_.reboots;
        if (!judged.may || past.empty()) return judged;
        if (now_ < past.back() + policy_.between())
            return {false, "the last reboot was " + spoken(now_ - past.back()) + " ago",
                    past.back() + policy_.between()};
        if (of_today(past) >= policy_.a_day()) return {false, "its reboots of a day are used up", {}};
        return judged;
    }
    [[nodiscard]] Judged sysrq() const {
        auto judged = from_inside();
        if (judged.may && !has_taken(Rung::reboot)) return {false, "an orderly reboot was not tried", {}};
        if (judged.may) judged.why += ", and an orderly reboot did not come to its end";
        return within_share(std::move(judged));
    }

    /// Silence proves nothing by itself: long enough, and by two sources.
    [[nodiscard]] Judged silent() const {
        if (is_.runs_commands) return {false, "it runs commands", {}};
        if (!is_.silent_since) return {false, "something of it answers", {}};
        const Instant enough = *is_.silent_since + policy_.silence();
        if (is_.silent_sources < 2) return {false, "only one source says that it is silent", now_ + later};
        if (now_ < enough) return {false, "silent for only " + spoken(now_ - *is_.silent_since), enough};
        return {true, "silent for " + spoken(now_ - *is_.silent_since), {}};
    }

    /// The word of a switch, which may be that of another machine: not against anything that was heard just now.
    [[nodiscard]] Judged proven(const std::string& words) const {
        if (!is_.silent_since) return {false, words + ", and something of it answers", {}};
        if (const Instant enough = *is_.silent_since + proof_holds; now_ < enough)
            return {false, words + ", silent for only " + spoken(now_ - *is_.silent_since), enough};
        return {true, words, {}};
    }

    [[nodiscard]] Judged nmi() const {
        if (!is_.can_nmi) return {false, "no switch that sends an NMI", {}};
        if (is_.runs_commands) return {false, "it runs commands", {}};
        if (is_.power == PowerState::off) return {false, "it is off", {}};
        if (is_.power == PowerState::panicked) return {false, "its kernel has panicked already", {}};
        if (is_.power != PowerState::on) return {false, "the power switch cannot say that it is on", {}};
        auto judged = within_budget(silent());
        const auto& past = deeds_.nmis;
        if (!judged.may || past.empty()) return judged;
        if (now_ < past.back() + policy_.between())
            return {false, "the last NMI was " + spoken(now_ - past.back()) + " ago", past.back() + policy_.between()};
        if (of_today(past) >= policy_.a_day()) return {false, "its NMIs of a day are used up", {}};
        return judged;
    }

    [[nodiscard]] Judged power_cycle() const {
        if (!is_.power) return {false, "there is no power switch", {}};
        if (is_.runs_commands) return {false, "it runs commands", {}};
        switch (*is_.power) {
            case PowerState::off: return within_budget(proven(std::string(is_.was_off)));
            case PowerState::panicked: return within_budget(proven("its kernel has panicked"));
            case PowerState::on: return within_budget(silent());
            default:
                return {false,
                        "the power switch cannot say how it stands" +
                            (is_.power_words.empty() ? std::string() : ": " + is_.power_words),
                        now_ + later};
        }
    }

    [[nodiscard]] std::size_t of_today(const std::vector<Instant>& past) const {
        return static_cast<std::size_t>(std::ranges::count_if(past, [&](Instant at) { return now_ - at < day; }));
    }
    [[nodiscard]] Judged within_budget(Judged judged) const {
        if (!judged.may) return judged;
        const auto& past = deeds_.power_actions;
        if (!past.empty() && now_ < past.back() + policy_.between())
            return {false, "the last power action was " + spoken(now_ - past.back()) + " ago",
                    past.back() + policy_.between()};
        if (of_today(past) >= policy_.a_day()) return {false, "its power actions of a day are used up", {}};
        return within_share(std::move(judged));
    }
    [[nodiscard]] Judged within_share(Judged judged) const {
        if (!judged.may) return judged;
        const auto share = static_cast<std::size_t>(policy_.fleet_share() * static_cast<double>(fleet_.size));
        if (fleet_.in_action >= std::max<std::size_t>(1, share))
            return {false, "as many of the fleet as may be are being restarted", now_ + later};
        return judged;
    }

    const Condition& is_;
    const Fleet& fleet_;
    const RecoveryPolicy& policy_;
    const Deeds& deeds_;
    const Instant now_;
    const Cure cure_;
};

}  // namespace

Decision next_rung(const Condition& condition, const Fleet& fleet, const RecoveryPolicy& policy, const Deeds& deeds,
                   Instant now) {
    return Climb(condition, fleet, policy, deeds, now).decide();
}

std::vector<RungOutlook> outlook(const Condition& condition, const Fleet& fleet, const RecoveryPolicy& policy,
                                 const Deeds& deeds, Instant now) {
    const Climb climb(condition, fleet, policy, deeds, now);
    std::vector<RungOutlook> all;
    for (const Rung rung : rungs) all.push_back(climb.look_at(rung));
    return all;
}

}  // namespace vmc::model
