// SPDX-License-Identifier: Apache-2.0
#include "model/confidence.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "model/ranking.hpp"

namespace vmc::model {
namespace {

constexpr std::array nested_layers = {Layer::route,          Layer::tcp,  Layer::banner,
                                      Layer::authentication, Layer::exec, Layer::storage};

/// The evidence, read layer by layer. A layer asked twice works when one answer works.
class Picture {
public:
    Picture(const std::vector<Evidence>& evidence, const Circumstances& around)
        : evidence_(evidence), around_(around) {}

    [[nodiscard]] Answer at(Layer layer) const {
        Answer answer = Answer::unknown;
        for (const Evidence& e : evidence_) {
            if (e.layer != layer || e.answer == Answer::unknown) continue;
            if (e.answer == Answer::works) return Answer::works;
            answer = Answer::fails;
        }
        return answer;
    }
    [[nodiscard]] bool works(Layer layer) const { return at(layer) == Answer::works; }
    [[nodiscard]] bool fails(Layer layer) const { return at(layer) == Answer::fails; }
    [[nodiscard]] bool any_fails(Layer layer) const {
        return std::ranges::any_of(evidence_,
                                   [&](const Evidence& e) { return e.layer == layer && e.answer == Answer::fails; });
    }

    /// 0: nothing; else the place in nested_layers, from 1.
    [[nodiscard]] std::size_t deepest() const {
        for (std::size_t i = nested_layers.size(); i > 0; --i)
            if (works(nested_layers[i - 1])) return i;
        return 0;
    }
    [[nodiscard]] std::size_t first_failure() const {
        for (std::size_t i = deepest(); i < nested_layers.size(); ++i)
            if (fails(nested_layers[i])) return i + 1;
        return 0;
    }

    [[nodiscard]] bool tcp_or_deeper() const { return deepest() >= 2; }
    [[nodiscard]] bool refused() const { return !tcp_or_deeper() && around_.port_behavior == "refused"; }
    [[nodiscard]] bool code_is(std::initializer_list<Code> codes) const {
        return around_.ssh_error && !works(Layer::exec) &&
               std::ranges::find(codes, around_.ssh_error->code()) != codes.end();
    }
    /// Another machine may have answered: nothing it said is about ours.
    [[nodiscard]] bool stranger() const { return code_is({Code::host_key_changed, Code::host_key_revoked}); }
    /// Only a living sshd says these.
    [[nodiscard]] bool sshd_spoke() const {
        return code_is(
            {Code::throttled, Code::booting, Code::auth_denied, Code::restricted_shell, Code::channel_refused});
    }
    [[nodiscard]] bool knows_anything() const {
        return std::ranges::any_of(evidence_,
                                   [](const Evidence& e) {
                                       const bool of_the_vm = e.layer != Layer::route && e.layer != Layer::elsewhere;
                                       return of_the_vm && e.answer != Answer::unknown;
                                   }) ||
               sshd_spoke() || refused();
    }
    [[nodiscard]] bool os_signs() const {
        return !stranger() &&
               (works(Layer::icmp) || works(Layer::closed_port) || refused() || tcp_or_deeper() || sshd_spoke());
    }

private:
    const std::vector<Evidence>& evidence_;
    const Circumstances& around_;
};

struct Finding {
    Verdict verdict;
    bool claim;
    std::string cause;
};

/// What the system itself reports has a name of its own.
std::string cause_of_degraded(System system) {
    switch (system) {
        case System::read_only: return "read-only-root";
        case System::disk_full: return "disk-full";
        case System::inodes_full: return "inodes-full";
        case System::write_stuck: return "disk-hung";
        case System::kernel_fault: return "kernel-fault";
        case System::memory: return "memory-exhausted";
        case System::clock_off: return "clock-stepped";
        default: return "unknown";
    }
}

/// Two authenticated readings say that this is not the machine we knew.
std::optional<Finding> about_identity(BootChange change) {
    switch (change) {
        case BootChange::re_imaged:
        case BootChange::other_machine: return Finding{Verdict::unknown, true, "other-machine"};
        case BootChange::ambiguous: return Finding{Verdict::unknown, false, "ambiguous-identity"};
        default: return std::nullopt;
    }
}

/// Commands run on it. By whichever way: the old session counts as well as a new one.
Finding about_working(const Picture& picture, const std::vector<Evidence>& evidence, const Circumstances& around,
                      const Symptoms& symptoms) {
    using enum Verdict;
    if (auto finding = about_identity(around.boot_change)) return *finding;
    const bool sick = picture.any_fails(Layer::system) || picture.any_fails(Layer::storage);
    // That its report broke off, and nothing in it, may be the doing of an sshd that ends each session soon.
    const System system = system_of(evidence);
    const bool told = system != System::broke_off && system != System::no_report;
    if (sick) return {degraded, told, cause_of_degraded(system)};
    const auto login = symptoms.login();
    if (login == Login::refused && around.setting != Setting::forwarded) {
        // Whoever listens does not refuse: something in front of it does.
        const bool listens = around.listener == Listener::listens;
        return {degraded, true,
                listens                             ? "port-rejected"
                : around.listener == Listener::none ? "sshd-down"
                                                    : "unknown"};
    }
    // We did not let ourselves try: an sshd that has left us unserved, or denied us, may do so still.
    const Code why = around.ssh_error ? around.ssh_error->code() : Code::local;
    if (why == Code::held) return {degraded, false, "unknown"};
    if (why == Code::auth_held) return {degraded, false, "auth-denied"};
    // The old session still runs commands; the VM itself sends newcomers away, and says why.
    if (login == Login::restricted) return {degraded, true, "restricted-shell"};
    if (login == Login::denied) return {degraded, true, "auth-denied"};
    // A login is a dozen round trips; where each takes a second or more it is not done in its time.
    const bool late = around.ssh_error && around.ssh_error->code() == Code::timed_out;
    if (late && around.pace == Pace::slow) return {degraded, true, "slow"};
    // No newcomer gets in, or not to a command.
    if (login != Login::works && login != Login::unknown && login != Login::accepted && login != Login::no_channel)
        return {degraded, true, "unknown"};
    if (around.pace == Pace::slow) return {degraded, true, "slow"};
    if (around.pace == Pace::lossy) return {degraded, true, "lossy"};
    if (around.pace == Pace::comes_and_goes) return {degraded, true, "flapping"};
    return {healthy, true, "none"};
}

/// Where SSH was tried and did not come to a command.
std::optional<Finding> about_ssh(const Picture& picture) {
    using enum Verdict;
    if (picture.stranger()) return Finding{unknown, false, "host-key-changed"};
    // Ours: no descriptor, no room in our own state.
    if (picture.code_is({Code::local})) return Finding{unknown, false, "unknown"};
    if (picture.code_is({Code::throttled})) return Finding{throttled, true, "throttled"};
    if (picture.code_is({Code::booting})) return Finding{degraded, true, "booting"};
    if (picture.code_is({Code::auth_denied})) return Finding{unknown, false, "auth-denied"};
    if (picture.code_is({Code::restricted_shell})) return Finding{unknown, false, "restricted-shell"};
    return std::nullopt;
}

/// The cause that a power switch knows for sure.
struct PowerWord {
    PowerState state;
    Verdict verdict;
    std::string_view cause;
    std::string_view says;
};
constexpr PowerWord power_words[] = {
    {PowerState::off, Verdict::off, "vm-off", "its power switch says that it is off"},
    {PowerState::paused, Verdict::unreachable, "vm-paused", "its power switch says that it is paused"},
    {PowerState::panicked, Verdict::crashed, "kernel-dead", "its power switch says that its kernel has panicked"},
    {PowerState::dumping, Verdict::crashed, "dump-in-progress", "its power switch says that it writes a dump"},
};
/// A switch may be wired to another machine than we think.
constexpr double switch_is_right = 0.99;

/// Nothing where the switch says nothing of the kind, or where something answers that only a running system could:
/// then one of the two is not about this VM.
const PowerWord* by_power(const Picture& picture, const Circumstances& around) {
    const bool forwarded = around.setting == Setting::forwarded;
    const bool answers =
        forwarded ? picture.works(Layer::banner) || picture.works(Layer::authentication) : picture.os_signs();
    if (answers || picture.works(Layer::exec) || picture.works(Layer::storage)) return nullptr;
    const auto* const found = std::ranges::find(power_words, around.power, &PowerWord::state);
    return found == std::end(power_words) ? nullptr : found;
}

/// Whatever did not answer, or gave up on us, may have done so because we stood still.
bool may_be_ours(const Circumstances& around) {
    const Code why = around.ssh_error ? around.ssh_error->code() : Code::local;
    return around.ourselves == Ourselves::was_away && (why == Code::timed_out || why == Code::lost);
}

Finding find(const Picture& picture, const std::vector<Evidence>& evidence, const Circumstances& around,
             const Symptoms& symptoms) {
    using enum Verdict;
    if (may_be_ours(around)) return {unknown, false, "observer-overloaded"};
    if (picture.works(Layer::exec) || picture.works(Layer::storage))
        return about_working(picture, evidence, around, symptoms);
    if (const auto* const word = by_power(picture, around)) return {word->verdict, true, std::string(word->cause)};
    if (auto finding = about_ssh(picture)) return *finding;
    // The old session answers, after seconds each time: a dozen of them are no hung daemon.
    const bool late = around.ssh_error && around.ssh_error->code() == Code::timed_out;
    if (late && around.pace == Pace::slow && around.old_session == OldSession::answers) return {degraded, true, "slow"};
    if (picture.fails(Layer::route) && !picture.tcp_or_deeper()) {
        const bool dns = around.ssh_error && around.ssh_error->code() == Code::unknown_name;
        const bool asked = std::ranges::any_of(evidence, [](const Evidence& e) {
            return e.answer == Answer::fails && e.layer == Layer::route && (e.check == "dns" || e.check == "resolve");
        });
        return {unreachable, false, dns || asked ? "dns" : "route"};
    }
    if (!picture.knows_anything()) return {unknown, false, "unknown"};
    // By whoever forwards the port: of the VM it says nothing.
    if (picture.refused() && around.setting == Setting::forwarded) return {unreachable, false, "unknown"};
    if (picture.refused()) {
        const bool host_answers = picture.works(Layer::icmp) || picture.works(Layer::closed_port);
        return {degraded, host_answers, host_answers ? "sshd-down" : "unknown"};
    }
    if (!picture.tcp_or_deeper()) {
        if (picture.at(Layer::tcp) == Answer::unknown) return {unknown, false, "unknown"};
        return {unreachable, false, "unknown"};
    }
    // A forwarder accepts, and may keep a banner, for a VM that is gone.
    const bool of_the_vm = around.setting != Setting::forwarded;
    if (picture.first_failure() != 0) return {of_the_vm ? degraded : unreachable, of_the_vm, "unknown"};
    // All that was asked works, and no command was tried: an open port alone is no claim.
    return {healthy, picture.works(Layer::banner) || picture.works(Layer::authentication), "none"};
}

Answer tcp_stack(const Picture& picture) {
    if (picture.tcp_or_deeper() || picture.refused() || picture.works(Layer::closed_port)) return Answer::works;
    return picture.fails(Layer::tcp) || picture.fails(Layer::closed_port) ? Answer::fails : Answer::unknown;
}

std::optional<Duration> deepest_time(const std::vector<Evidence>& evidence, const Picture& picture) {
    const std::size_t deepest = picture.deepest();
    const Layer layer = deepest > 0 ? nested_layers[deepest - 1] : Layer::icmp;
    for (const Evidence& e : evidence)
        if (e.layer == layer && e.answer == Answer::works) return e.took;
    return std::nullopt;
}

/// What the rules leave open, the weighing may close; it never says "none" of a VM that does not work.
std::string cause_by_weight(const Finding& finding, const Ranking& ranking) {
    if (finding.cause != "unknown") return finding.cause;
    const auto only = ranking.only_cause();
    return only == "none" ? "unknown" : only;
}

Health health_of(Level level, std::vector<Evidence> evidence, const Circumstances& around, const Ranking& ranking) {
    const Picture picture(evidence, around);
    Health health;
    health.level = level;
    const Finding finding = find(picture, evidence, around, symptoms_of(evidence, around));
    health.verdict = finding.verdict;
    health.claim = finding.claim;
    health.cause = picture.knows_anything() ? cause_by_weight(finding, ranking) : finding.cause;
    health.ssh_available = picture.works(Layer::exec) || picture.works(Layer::storage) ||
                           picture.works(Layer::authentication) ||
                           (level == Level::basic && picture.works(Layer::banner));
    health.os_signs = picture.os_signs();
    health.network_reachable =
        picture.works(Layer::icmp) || picture.works(Layer::closed_port) || picture.refused() || picture.tcp_or_deeper();
    health.ping = picture.at(Layer::icmp);
    health.port_behavior = around.port_behavior == "unknown" && picture.tcp_or_deeper() ? "open" : around.port_behavior;
    health.tcp_stack = tcp_stack(picture);
    health.response_time = deepest_time(evidence, picture);
    if (picture.knows_anything()) health.confidence = ranking.alive();
    if (by_power(picture, around) != nullptr) health.confidence = 1 - switch_is_right;
    health.alive =
        (health.os_signs && health.confidence >= 0.60) || (health.ssh_available && health.confidence >= 0.70);
    health.evidence = std::move(evidence);
    return health;
}

}  // namespace

Health assess(Level level, std::vector<Evidence> evidence, const Circumstances& around, const Likelihoods& table) {
    const Ranking ranking(symptoms_of(evidence, around), table);
    return health_of(level, std::move(evidence), around, ranking);
}

Diagnosis diagnose(Level level, std::vector<Evidence> evidence, const Circumstances& around, const Likelihoods& table) {
    const Ranking ranking(symptoms_of(evidence, around), table);
    Diagnosis diagnosis;
    diagnosis.hypotheses = ranking.hypotheses();
    if (ranking.only_cause() == "unknown") diagnosis.would_settle = ranking.would_settle();
    if (const auto* const word = by_power(Picture(evidence, around), around)) {
        Hypothesis certain{std::string(word->cause), switch_is_right, {std::string(word->says)}, {}};
        diagnosis.hypotheses.assign(1, std::move(certain));
        diagnosis.would_settle.clear();
    }
    diagnosis.boot_change = around.boot_change;
    diagnosis.health = health_of(level, std::move(evidence), around, ranking);
    return diagnosis;
}

}  // namespace vmc::model
