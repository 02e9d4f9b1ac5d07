// SPDX-License-Identifier: Apache-2.0
#include <vm_connection/health.hpp>

#include <algorithm>

namespace vmc {
namespace {

int count(const std::vector<Evidence>& evidence, Answer answer) noexcept {
    return static_cast<int>(std::ranges::count(evidence, answer, &Evidence::answer));
}

}  // namespace

std::optional<Level> parse_level(std::string_view text) noexcept {
    for (const Level level : {Level::basic, Level::medium, Level::thorough})
        if (text == slug(level)) return level;
    return std::nullopt;
}

std::string_view slug(Level level) noexcept {
    switch (level) {
        case Level::basic: return "basic";
        case Level::medium: return "medium";
        case Level::thorough: return "thorough";
    }
    return "medium";
}

std::string_view slug(Layer layer) noexcept {
    switch (layer) {
        case Layer::route: return "route";
        case Layer::icmp: return "icmp";
        case Layer::tcp: return "tcp";
        case Layer::closed_port: return "closed-port";
        case Layer::banner: return "banner";
        case Layer::authentication: return "authentication";
        case Layer::exec: return "exec";
        case Layer::system: return "system";
        case Layer::storage: return "storage";
        case Layer::elsewhere: return "elsewhere";
    }
    return "route";
}

std::string_view slug(Answer answer) noexcept {
    switch (answer) {
        case Answer::works: return "works";
        case Answer::fails: return "fails";
        case Answer::unknown: return "unknown";
    }
    return "unknown";
}

std::string_view slug(Verdict verdict) noexcept {
    switch (verdict) {
        case Verdict::healthy: return "healthy";
        case Verdict::degraded: return "degraded";
        case Verdict::unreachable: return "unreachable";
        case Verdict::throttled: return "throttled";
        case Verdict::off: return "off";
        case Verdict::crashed: return "crashed";
        case Verdict::unknown: return "unknown";
    }
    return "unknown";
}

int Health::passed() const noexcept { return count(evidence, Answer::works); }
int Health::failed() const noexcept { return count(evidence, Answer::fails); }

}  // namespace vmc
