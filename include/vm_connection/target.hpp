// SPDX-License-Identifier: Apache-2.0
// Whom to reach, as whom, and how to know it is really them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <vm_connection/console.hpp>
#include <vm_connection/export.hpp>
#include <vm_connection/power.hpp>
#include <vm_connection/time.hpp>

namespace vmc VMC_API {

/// accept_new: an unknown host is remembered, a changed key is a hard stop. strict: an unknown
/// host is refused too. pinned: only the given fingerprint. ephemeral: the host is re-created
/// on purpose and its key is not kept; a change within one process is still a hard stop.
enum class HostKeyPolicy { accept_new, strict, pinned, ephemeral };

/// Asked once for each locked key file, off the loop thread; nothing or an empty string gives up.
using PassphraseFn = std::function<std::optional<std::string>(const std::string& key_path)>;

/// A host to reach. Class with chained setters; copies are cheap enough to hand around.
class Target {
public:
    explicit Target(std::string host) : host_(std::move(host)) {}

    Target& user(std::string name) {
        user_ = std::move(name);
        return *this;
    }
    Target& port(std::uint16_t number) {
        port_ = number;
        return *this;
    }
    /// This key only: no agent, no default keys.
    Target& key(std::string path) {
        keys_ = {std::move(path)};
        agent_ = false;
        return *this;
    }
    Target& keys(std::vector<std::string> paths) {
        keys_ = std::move(paths);
        return *this;
    }
    Target& agent(bool use) {
        agent_ = use;
        return *this;
    }
    Target& passphrase(PassphraseFn ask) {
        passphrase_ = std::move(ask);
        return *this;
    }
    Target& host_keys(HostKeyPolicy policy) {
        policy_ = policy;
        return *this;
    }
    Target& pin(std::string sha256) {
        pin_ = std::move(sha256);
        policy_ = HostKeyPolicy::pinned;
        return *this;
    }
    /// Looked up under this name in known_hosts instead of host and port.
    Target& host_key_alias(std::string name) {
        alias_ = std::move(name);
        return *this;
    }
    /// Only read. Ours, where new keys go, is in the state directory.
    Target& known_hosts(std::vector<std::string> files) {
        known_hosts_ = std::move(files);
        return *this;
    }
    /// One deadline for reaching it: name, TCP, key exchange, login.
    Target& connect_timeout(Duration span) {
        connect_timeout_ = span;
        return *this;
    }
    /// Run through /bin/sh; its standard input and output carry the connection.
    Target& proxy_command(std::string line) {
        proxy_command_ = std::move(line);
        return *this;
    }
    /// A TCP port that nothing serves there: a diagnosis sends it one SYN, and the kernel's RST tells a filter before
    /// the SSH port from a dead host. It counts once it has answered so. 0: none is asked (it looks like a scan).
    Target& closed_port(std::uint16_t number) {
        closed_port_ = number;
        return *this;
    }
    /// Another host, near us and behind our own gateway, that a diagnosis sends a ping, or to `port` one connect where
    /// that is not 0: where both it and this host are silent, what leads away from us may be what broke. Its silence
    /// counts once it has answered. Empty: none is asked.
    Target& canary(std::string host, std::uint16_t port = 0) {
        canary_ = std::move(host);
        canary_port_ = port;
        return *this;
    }
    /// Who can turn it off and on.
    Target& power(PowerSwitch by) {
        power_ = std::move(by);
        return *this;
    }
    /// Where its console can be read.
    Target& console(ConsoleSource from) {
        console_ = std::move(from);
        return *this;
    }
    /// A shell that is kept ready beside each session (one process there, one of sshd's MaxSessions): where the process
    /// table is full nothing else can be started, and recover() frees it through that shell, as the user who is logged
    /// in.
    Target& rescue_shell(bool keep) {
        rescue_shell_ = keep;
        return *this;
    }
    /// Algorithm lists as OpenSSH names them; empty: ours.
    Target& kex_algorithms(std::string list) {
        kex_ = std::move(list);
        return *this;
    }
    Target& ciphers(std::string list) {
        ciphers_ = std::move(list);
        return *this;
    }

    [[nodiscard]] const std::string& host() const noexcept { return host_; }
    [[nodiscard]] const std::string& user() const noexcept { return user_; }
    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    [[nodiscard]] const std::vector<std::string>& keys() const noexcept { return keys_; }
    [[nodiscard]] bool agent() const noexcept { return agent_; }
    [[nodiscard]] const PassphraseFn& passphrase() const noexcept { return passphrase_; }
    [[nodiscard]] HostKeyPolicy host_keys() const noexcept { return policy_; }
    [[nodiscard]] const std::string& pin() const noexcept { return pin_; }
    [[nodiscard]] const std::string& host_key_alias() const noexcept { return alias_; }
    [[nodiscard]] const std::vector<std::string>& known_hosts() const noexcept { return known_hosts_; }
    [[nodiscard]] Duration connect_timeout() const noexcept { return connect_timeout_; }
    [[nodiscard]] const std::string& proxy_command() const noexcept { return proxy_command_; }
    [[nodiscard]] std::uint16_t closed_port() const noexcept { return closed_port_; }
    [[nodiscard]] const std::string& canary() const noexcept { return canary_; }
    [[nodiscard]] std::uint16_t canary_port() const noexcept { return canary_port_; }
    [[nodiscard]] const std::optional<PowerSwitch>& power() const noexcept { return power_; }
    [[nodiscard]] const std::optional<ConsoleSource>& console() const noexcept { return console_; }
    [[nodiscard]] bool rescue_shell() const noexcept { return rescue_shell_; }
    [[nodiscard]] const std::string& kex_algorithms() const noexcept { return kex_; }
    [[nodiscard]] const std::string& ciphers() const noexcept { return ciphers_; }
    /// "user@host:port", with brackets round an IPv6 address; for messages.
    [[nodiscard]] std::string name() const;

private:
    std::string host_;
    std::string user_;
    std::uint16_t port_ = 22;
    std::vector<std::string> keys_;
    bool agent_ = true;
    PassphraseFn passphrase_;
    HostKeyPolicy policy_ = HostKeyPolicy::accept_new;
    std::string pin_;
    std::string alias_;
    std::vector<std::string> known_hosts_;
    Duration connect_timeout_ = std::chrono::seconds(10);
    std::string proxy_command_;
    std::uint16_t closed_port_ = 9;  // discard, RFC 863
    std::string canary_;
    std::uint16_t canary_port_ = 0;
    std::optional<PowerSwitch> power_;
    std::optional<ConsoleSource> console_;
    bool rescue_shell_ = false;
    std::string kex_;
    std::string ciphers_;
};

}  // namespace vmc VMC_API
