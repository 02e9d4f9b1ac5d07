// SPDX-License-Identifier: Apache-2.0
#include "model/symptoms.hpp"

#include <algorithm>

namespace vmc::model {
namespace {

struct Choice {
    std::string_view name;
    std::string_view words;
};
using Choices = std::vector<Choice>;

const Choices& login_values() {
    static const Choices values = {
        {"unknown", "no login was tried"},
        {"no-name", "its name does not resolve"},
        {"no-network", "our own network has no way there"},
        {"rejected", "something on the way rejects the connection at once (ICMP)"},
        {"no-neighbour", "nobody answers for its address on the local network (ARP)"},
        {"refused", "its SSH port refuses (RST)"},
        {"silent", "its SSH port does not answer"},
        {"accepted", "its SSH port accepts; no login was tried"},
        {"no-banner", "its SSH port accepts, and nothing is said"},
        {"hung-up", "its SSH port accepts and hangs up before a word"},
        {"throttled", "sshd says that it is too busy for us"},
        {"kex-silent", "sshd greets, and the key exchange gets no answer"},
        {"kex-ended", "sshd greets, and ends the key exchange"},
        {"stranger", "it shows another host key"},
        {"denied", "sshd denies our login"},
        {"booting", "the system says that it is booting"},
        {"going-down", "the system says that it is going down"},
        {"auth-silent", "the login gets no answer"},
        {"auth-ended", "sshd ends the connection in the middle of the login"},
        {"restricted", "something else than a shell answers the login"},
        {"no-channel", "a login works, and no command is let through"},
        {"exec-silent", "a login works, and a command gets no answer"},
        {"exec-failed", "a login works, and a command cannot be run"},
        {"works", "a fresh login works and runs a command"},
        {"no-proxy", "the way through the proxy does not open"},
    };
    return values;
}

const Choices& old_session_values() {
    static const Choices values = {
        {"unknown", "there was no session before"},
        {"answers", "the session that was there before answers"},
        {"unacknowledged", "what we send on the old session is not acknowledged (TCP)"},
        {"acknowledged", "the old session's TCP acknowledges, nothing behind it answers"},
        {"quiet", "the old session does not answer"},
        {"reset", "the old session was reset"},
        {"closed", "the old session was closed by the other end"},
    };
    return values;
}

const Choices& system_values() {
    static const Choices values = {
        {"unknown", "the system was not asked"},
        {"well", "the system reports nothing wrong"},
        {"disk-full", "a file system is full"},
        {"inodes-full", "a file system has no inodes left"},
        {"read-only", "the root file system is mounted read-only"},
        {"write-stuck", "a small write and fsync does not come back"},
        {"memory", "memory and swap are used up"},
        {"kernel-fault", "the kernel has logged an oops or machine check"},
        {"clock-off", "its clock is more than a minute off ours"},
        {"other", "the system reports load, stalls or failed units"},
        {"no-report", "the system does not report"},
        {"broke-off", "the report of its system broke off"},
    };
    return values;
}

const Choices& values(Feature feature) {
    static const Choices echo = {{"unknown", "ping tells nothing here"},
                                 {"answers", "it answers ping"},
                                 {"silent", "it has answered ping before, and does not now"}};
    static const Choices closed_port = {{"unknown", "no port known to be closed"},
                                        {"refuses", "its kernel refuses a closed port (RST)"},
                                        {"silent", "a port that was refused before is silent now"},
                                        {"no-neighbour", "nobody answers ARP for a port that was refused before"}};
    static const Choices ourselves = {{"unknown", "nothing is known of our own network"},
                                      {"well", "our own gateway answers"},
                                      {"no-gateway", "our own gateway does not answer"},
                                      {"was-away", "we ourselves were suspended or held up"}};
    static const Choices identity = {{"unknown", "there is no earlier reading to compare with"},
                                     {"same-boot", "it is in the same boot as when it was last read"},
                                     {"new-boot", "it has rebooted since it was last read"},
                                     {"soft-reboot", "its user space has started anew since it was last read"},
                                     {"stranger", "it is another machine than the one that was last read"},
                                     {"ambiguous", "what is read of its identity contradicts itself"}};
    static const Choices pace = {{"unknown", "no round trip was measured"},
                                 {"usual", "its round trips are as usual"},
                                 {"slow", "its round trips take much longer than usual"},
                                 {"lossy", "much of what we send has to be sent again"},
                                 {"comes-and-goes", "it came and went several times within minutes"}};
    static const Choices listener = {{"unknown", "whether its sshd listens was not asked"},
                                     {"listens", "something listens on its SSH port, by its own word"},
                                     {"none", "nothing listens on its SSH port, by its own word"}};
    static const Choices canary = {{"unknown", "there is no canary, or it has never answered"},
                                   {"answers", "the canary answers: our own way out works"},
                                   {"silent", "the canary is silent too: our own way out may be what broke"}};
    static const Choices company = {{"unknown", "no session to another VM is held here"},
                                    {"answers", "another VM that we hold answers: our own way out works"},
                                    {"silent", "no other VM that we hold answers either"}};
    switch (feature) {
        case Feature::login: return login_values();
        case Feature::old_session: return old_session_values();
        case Feature::echo: return echo;
        case Feature::closed_port: return closed_port;
        case Feature::system: return system_values();
        case Feature::ourselves: return ourselves;
        case Feature::identity: return identity;
        case Feature::pace: return pace;
        case Feature::listener: return listener;
        case Feature::canary: return canary;
        case Feature::company: return company;
    }
    return login_values();
}

}  // namespace

std::string_view slug(Setting setting) noexcept {
    switch (setting) {
        case Setting::direct: return "direct";
        case Setting::local: return "local";
        case Setting::forwarded: return "forwarded";
    }
    return "direct";
}

std::optional<Setting> parse_setting(std::string_view text) noexcept {
    for (const Setting setting : {Setting::direct, Setting::local, Setting::forwarded})
        if (slug(setting) == text) return setting;
    return std::nullopt;
}

std::string_view slug(Feature feature) noexcept {
    switch (feature) {
        case Feature::login: return "login";
        case Feature::old_session: return "old-session";
        case Feature::echo: return "echo";
        case Feature::closed_port: return "closed-port";
        case Feature::system: return "system";
        case Feature::ourselves: return "ourselves";
        case Feature::identity: return "identity";
        case Feature::pace: return "pace";
        case Feature::listener: return "listener";
        case Feature::canary: return "canary";
        case Feature::company: return "company";
    }
    return "login";
}

const std::vector<std::string_view>& values_of(Feature feature) {
    static const auto names = [] {
        std::array<std::vector<std::string_view>, features> all;
        for (const Feature each : all_features())
            for (const Choice& value : values(each)) all.at(static_cast<std::size_t>(each)).push_back(value.name);
        return all;
    }();
    return names.at(static_cast<std::size_t>(feature));
}

std::optional<std::uint8_t> parse_value(Feature feature, std::string_view text) {
    const auto& names = values_of(feature);
    const auto found = std::ranges::find(names, text);
    if (found == names.end()) return std::nullopt;
    return static_cast<std::uint8_t>(found - names.begin());
}

std::string_view words(Feature feature, std::uint8_t value) {
    const auto& all = values(feature);
    return value < all.size() ? all[value].words : all.front().words;
}

std::string_view question(Feature feature) noexcept {
    switch (feature) {
        case Feature::login: return "a login (none was tried)";
        case Feature::old_session: return "a session from before the trouble";
        case Feature::echo: return "ping (it has never answered one, or we may not send any)";
        case Feature::closed_port: return "a port known to be closed (its kernel has never refused one to us)";
        case Feature::system: return "what the system says of itself (thorough)";
        case Feature::ourselves: return "whether our own network works";
        case Feature::identity: return "an earlier reading of its boot and identity";
        case Feature::pace: return "how long a round trip usually takes";
        case Feature::listener: return "whether its sshd listens (no session is open to ask over)";
        case Feature::canary: return "a canary: another host near us that answers (canary = HOST)";
        case Feature::company: return "";
    }
    return "";
}

}  // namespace vmc::model
