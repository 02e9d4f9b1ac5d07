// SPDX-License-Identifier: Apache-2.0
#include "model/confidence.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

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
        return std::ranges::any_of(
                   evidence_,
                   [](const Evidence& e) { return e.layer != Layer::route && e.answer != Answer::unknown; }) ||
               sshd_spoke() || refused();
    }
    [[nodiscard]] bool os_signs() const {
        return !stranger() &&
               (works(Layer::icmp) || works(Layer::closed_port) || refused() || tcp_or_deeper() || sshd_spoke());
    }

    [[nodiscard]] double log_odds(const Weights& w) const {
        double sum = 0;
        if (stranger()) return sum;
        if (sshd_spoke()) sum += w.sshd_spoke;
        else if (refused()) sum += w.port_refused;
        else if (!tcp_or_deeper() && around_.port_behavior == "unreachable") sum += w.port_unreachable;
        else sum += w.nested[deepest()][first_failure()];
        if (works(Layer::icmp)) sum += tcp_or_deeper() ? w.ping_beside_tcp : w.ping_works;
        else if (fails(Layer::icmp) && around_.answered_ping_before && !tcp_or_deeper()) sum += w.ping_fails;
        if (tcp_or_deeper()) return sum;
        if (works(Layer::closed_port)) sum += w.closed_port_works;
        else if (fails(Layer::closed_port)) sum += w.closed_port_fails;
        return sum;
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

/// The first finding about the system that has a name of its own, worst first.
std::string cause_of_degraded(const std::vector<Evidence>& evidence) {
    constexpr std::pair<std::string_view, const char*> causes[] = {{"root-writable", "read-only-root"},
                                                                   {"disk-space", "disk-full"},
                                                                   {"disk-inodes", "inodes-full"},
                                                                   {"kernel-taint", "kernel-fault"},
                                                                   {"memory", "memory-exhausted"}};
    for (const auto& [check, cause] : causes)
        if (std::ranges::any_of(evidence,
                                [&](const Evidence& e) { return e.check == check && e.answer == Answer::fails; }))
            return cause;
    return "unknown";
}

/// Where SSH was tried and did not come to a command.
std::optional<Finding> about_ssh(const Picture& picture) {
    using enum Verdict;
    if (picture.stranger()) return Finding{unknown, false, "host-key-changed"};
    if (picture.code_is({Code::throttled})) return Finding{throttled, true, "throttled"};
    if (picture.code_is({Code::booting})) return Finding{degraded, true, "booting"};
    if (picture.code_is({Code::auth_denied})) return Finding{unknown, false, "auth-denied"};
    if (picture.code_is({Code::restricted_shell})) return Finding{unknown, false, "restricted-shell"};
    return std::nullopt;
}

Finding find(const Picture& picture, const std::vector<Evidence>& evidence, const Circumstances& around) {
    using enum Verdict;
    if (picture.works(Layer::exec) || picture.works(Layer::storage)) {
        const bool sick = picture.any_fails(Layer::system) || picture.any_fails(Layer::storage);
        return sick ? Finding{degraded, true, cause_of_degraded(evidence)} : Finding{healthy, true, "none"};
    }
    if (auto finding = about_ssh(picture)) return *finding;
    if (picture.fails(Layer::route) && !picture.tcp_or_deeper()) {
        const bool dns = around.ssh_error && around.ssh_error->code() == Code::unknown_name;
        const bool asked = std::ranges::any_of(evidence, [](const Evidence& e) {
            return e.answer == Answer::fails && e.layer == Layer::route && (e.check == "dns" || e.check == "resolve");
        });
        return {unreachable, false, dns || asked ? "dns" : "route"};
    }
    if (!picture.knows_anything()) return {unknown, false, "unknown"};
    if (picture.refused()) {
        const bool host_answers = picture.works(Layer::icmp) || picture.works(Layer::closed_port);
        return {degraded, host_answers, host_answers ? "sshd-down" : "unknown"};
    }
    if (!picture.tcp_or_deeper()) {
        if (picture.at(Layer::tcp) == Answer::unknown) return {unknown, false, "unknown"};
        return {unreachable, false, "unknown"};
    }
    if (picture.first_failure() != 0) return {degraded, true, "unknown"};
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

}  // namespace

const Weights& first_weights() noexcept {
    // For example 1.0 = 0.73, 2.5 = 0.92, 4 = 0.98, 7 = 0.999; -2.2 = 0.10.
    static constexpr Weights weights{
        .nested = {{
            // nothing fails, route, tcp, banner, authentication, exec, storage
            {0, 0, -2.0, 0, 0, 0, 0},              // nothing works; no name or no route says nothing of the host
            {0, 0, -2.2, 0, 0, 0, 0},              // route: silent, as black hole, power off, hang and pause all are
            {2.5, 2.5, 2.5, 1.0, 1.5, 2.0, 2.0},  // tcp: a kernel accepts for a stopped sshd, a proxy for a dead host
            {4.0, 4.0, 4.0, 4.0, 3.5, 3.5, 4.0},  // banner: user space wrote it
            {5.0, 5.0, 5.0, 5.0, 5.0, 3.5, 4.0},  // authentication: it forks and reads its disk
            {7.0, 7.0, 7.0, 7.0, 7.0, 7.0, 6.0},  // exec
            {7.0, 7.0, 7.0, 7.0, 7.0, 7.0, 7.0},  // storage
        }},
        .port_refused = 1.5,  // RST: a kernel, or a firewall in its place
        .port_unreachable = -1.5,  // a firewall's reject, or nobody at the address
        .sshd_spoke = 5.0,
        .ping_works = 1.8,
        .ping_fails = -0.7,
        .ping_beside_tcp = 0.3,
        .closed_port_works = 3.0,
        .closed_port_fails = -0.4,
    };
    return weights;
}

Health assess(Level level, std::vector<Evidence> evidence, const Circumstances& around, const Weights& weights) {
    const Picture picture(evidence, around);
    Health health;
    health.level = level;
    const Finding finding = find(picture, evidence, around);
    health.verdict = finding.verdict;
    health.claim = finding.claim;
    health.cause = finding.cause;
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
    if (picture.knows_anything()) health.confidence = 1.0 / (1.0 + std::exp(-picture.log_odds(weights)));
    health.alive =
        (health.os_signs && health.confidence >= 0.60) || (health.ssh_available && health.confidence >= 0.70);
    health.evidence = std::move(evidence);
    return health;
}

}  // namespace vmc::model
