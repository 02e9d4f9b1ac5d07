// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "sim/script.hpp"

namespace vmc::sim {

class Process;

/// How a machine is set up. Set before or between, as the test likes.
class HostSettings {
public:
    std::uint16_t ssh_port = 22;
    /// A firewall lets the ssh port through and swallows what is sent to any other: closed ports do not answer RST.
    bool firewalled = false;
    /// Our TCP connections end at a box that carries them on (QEMU's hostfwd, a port publish), see Forwarder.
    bool forwarded = false;
    bool source_penalties = false;  ///< sshd 9.8 and later, see Gatekeeper
    bool fail2ban = false;  ///< likewise
    bool knows_who_reset = false;  ///< sshd, of whoever left by RST before it asked for his address: OpenSSH does not
    int max_sessions = 10;
    int max_startups = 10;  ///< beyond it newcomers are turned away
    std::string throttle_words = "Exceeded MaxStartups";
    std::string banner = "SSH-2.0-OpenSSH_9.2p1 Debian-2";
    std::string machine_id;
    std::string product_uuid;  ///< of its hardware; empty: it tells none
    Duration clock_ahead{};  ///< of the real time
    Duration services_after = std::chrono::seconds(2);  ///< from the kernel's start to sshd's; meanwhile it refuses
    Duration boot_takes = std::chrono::seconds(5);  ///< from power on to the kernel
    bool boot_heals = false;  ///< what was wrong with what ran there is over with the next boot
    bool says_status = true;  ///< else sshd closes a channel without a word on how its command ended
    bool obeys_signals = true;  ///< sshd ignores signal requests for root and forced commands
    std::string forced_words;  ///< a restricted shell: says this, exits with 1, runs nothing
    std::set<std::pair<std::string, std::string>> authorized;  ///< user and key; empty: everybody
    std::map<std::string, std::string> files;  ///< path to content, beside those of /proc
    /// Knows what commands and scripts do that parse_script() does not; asked first.
    std::function<std::optional<Script>(SimHost&, const Process& asker, const std::string& text)> answers{};
};

}  // namespace vmc::sim
