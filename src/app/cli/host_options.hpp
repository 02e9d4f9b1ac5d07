// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <vm_connection/target.hpp>

#include "app/cli/console.hpp"
#include "app/cli/settings.hpp"
#include "app/cli/ssh_words.hpp"

namespace CLI {
class App;
}

namespace vmc::cli {

/// HOST, and the options by which every verb that talks to one reaches it.
class HostOptions {
public:
    void describe(CLI::App& app);

    [[nodiscard]] const std::string& host() const { return ssh_.host; }
    [[nodiscard]] Loudness loudness() const;
    /// What to type when this host's new key is to be trusted, with all that says which host it is.
    [[nodiscard]] std::string trust_command() const;
    /// "; if you know why: vmc trust …" for a changed key, else nothing.
    [[nodiscard]] std::string advice_on(const Error& error) const;
    [[nodiscard]] bool retry_auth() const { return retry_auth_; }
    /// --no-closed-port of the verbs that diagnose.
    void ask_no_closed_port(bool yes) { no_closed_port_ = yes; }
    /// --canary of the verbs that diagnose.
    void ask_canary(std::optional<std::string> which) { canary_ = std::move(which); }
    /// --power of the verbs that may use it; none is none, whatever the files say.
    void power_is(std::optional<PowerSwitch> which) { power_ = std::move(which); }
    /// Files, environment, then the flags of this command line.
    [[nodiscard]] Expected<Settings> settings() const;
    [[nodiscard]] Expected<Target> target(const Settings& settings) const;

private:
    [[nodiscard]] static Expected<void> name_canary(Target& target, const Settings& settings);
    [[nodiscard]] Expected<void> take_flags(Settings& settings) const;

    SshWords ssh_;
    std::optional<std::string> connect_timeout_;
    std::optional<std::string> host_key_;
    std::optional<std::string> canary_;
    std::optional<std::optional<PowerSwitch>> power_;
    bool strict_ = false;
    bool ephemeral_ = false;
    bool retry_auth_ = false;
    bool no_closed_port_ = false;
    bool quiet_ = false;
    bool verbose_ = false;
};

/// A host key fingerprint as ssh-keygen prints it: "SHA256:" and 43 characters of base64.
[[nodiscard]] bool is_fingerprint(std::string_view text);

/// The text as a span, or a usage failure that names the option.
[[nodiscard]] Expected<Duration> span_of(std::string_view option, std::string_view text);

}  // namespace vmc::cli
