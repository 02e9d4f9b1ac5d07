// SPDX-License-Identifier: Apache-2.0
// A machine on the simulated network: it boots, runs sshd and commands, and comes to harm.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/process.hpp"
#include "sim/tcp.hpp"
#include "sim/trouble.hpp"

namespace vmc::sim {

class Sshd;

class SimHost final : public Machine {
public:
    SimHost(Nature& nature, std::string name, std::string address);
    ~SimHost() override;

    // Its life. Everything that runs dies with the kernel; connections die without a word.
    void reboot(Duration down_for);
    void power_off();
    void power_on();
    void begin(Trouble trouble);
    void end(Trouble trouble);
    void reset_connections();         ///< a box on the way sends RST to both ends
    void kill_sessions();             ///< `pkill sshd`: the kernel sends FIN for each
    void new_host_key();
    void new_identity();              ///< re-imaged: host key and machine id
    void cut_after(std::uint64_t bytes, Duration for_how_long);
    void later(std::move_only_function<void()> what) { agenda().at(agenda().now(), std::move(what)); }

    // Set before or between, as the test likes.
    Path path;
    std::uint16_t ssh_port = 22;
    int max_sessions = 10;
    int max_startups = 10;            ///< beyond it newcomers are turned away
    std::string throttle_words = "Exceeded MaxStartups";
    std::string banner = "SSH-2.0-OpenSSH_9.2p1 Debian-2";
    std::string machine_id;
    Duration services_after = std::chrono::seconds(2);  ///< from the kernel's start to sshd's; meanwhile it refuses
    Duration boot_takes = std::chrono::seconds(5);      ///< from power on to the kernel
    bool says_status = true;          ///< else sshd closes a channel without a word on how its command ended
    bool obeys_signals = true;        ///< sshd ignores signal requests for root and forced commands
    std::string forced_words;         ///< a restricted shell: says this, exits with 1, runs nothing
    std::set<std::pair<std::string, std::string>> authorized;  ///< user and key; empty: everybody
    std::map<std::string, std::string> files;                  ///< path to content, beside those of /proc
    /// Knows what commands and scripts do that parse_script() does not; asked first.
    std::function<std::optional<Script>(SimHost&, const Process& asker, const std::string& text)> answers;

    // What is true.
    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    [[nodiscard]] const std::string& address() const noexcept { return address_; }
    [[nodiscard]] const std::string& host_key() const noexcept { return host_key_; }
    [[nodiscard]] const std::string& boot_id() const noexcept { return boot_id_; }
    [[nodiscard]] Duration uptime() const { return agenda().now() - booted_at_; }
    [[nodiscard]] bool up() const noexcept { return up_; }
    [[nodiscard]] int boots() const noexcept { return boots_; }
    [[nodiscard]] bool suffers(Trouble trouble) const { return troubles_.at(static_cast<std::size_t>(trouble)) > 0; }
    [[nodiscard]] bool serves() const { return up_ && sshd_started_ && !suffers(Trouble::sshd_stopped); }
    /// Programs make progress.
    [[nodiscard]] bool thinks() const {
        return up_ && !suffers(Trouble::paused) && !suffers(Trouble::userspace_frozen);
    }
    [[nodiscard]] bool answers_ping() const { return up_ && !suffers(Trouble::paused) && !suffers(Trouble::no_icmp); }
    [[nodiscard]] const std::vector<Ran>& ledger() const noexcept { return ledger_; }
    [[nodiscard]] std::size_t times_ran(std::string_view line) const;
    [[nodiscard]] std::size_t running() const;
    [[nodiscard]] Sshd& sshd() { return *sshd_; }
    [[nodiscard]] Agenda& agenda() const noexcept { return nature_.agenda; }
    [[nodiscard]] Story& story() const noexcept { return nature_.story; }
    [[nodiscard]] SimRandom& random() const noexcept { return nature_.random; }

    // For its own programs.
    Process& run(const std::string& line, Origin origin, Parent& parent, std::uint32_t channel);
    Process* find(int pid);
    /// In the order of their start.
    [[nodiscard]] std::vector<Process*> processes();
    int next_pid() { return next_pid_++; }
    void reap();
    [[nodiscard]] std::string file(const std::string& path) const;
    std::optional<Script> answer(const Process& asker, const std::string& text);
    SynAnswer syn(std::uint16_t port) override;
    void accepted(std::shared_ptr<TcpConnection> connection) override;

private:
    void die();
    void boot_after(Duration span);
    void wake_up();
    void apply(Trouble trouble, bool begins);

    Nature& nature_;
    const std::string name_;
    const std::string address_;
    std::string host_key_;
    std::string boot_id_;
    Instant booted_at_;
    bool up_ = true;
    bool sshd_started_ = true;
    int boots_ = 1;
    int life_ = 0;  ///< told apart from a later one by what was planned in an earlier one
    std::array<int, troubles> troubles_{};
    std::vector<Ran> ledger_;
    int next_pid_ = 1000;
    std::map<int, std::unique_ptr<Process>> processes_;
    std::unique_ptr<Sshd> sshd_;
};

}  // namespace vmc::sim
