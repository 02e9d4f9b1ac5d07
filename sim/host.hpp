// SPDX-License-Identifier: Apache-2.0
// A machine on the simulated network: it boots, runs sshd and commands, and comes to harm.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/gatekeeper.hpp"
#include "sim/host_settings.hpp"
#include "sim/process.hpp"
#include "sim/tcp.hpp"
#include "sim/trouble.hpp"

namespace vmc::sim {

class Forwarder;
class Sshd;

class SimHost final : public Machine, public HostSettings {
public:
    SimHost(Nature& nature, std::string name, std::string address);
    ~SimHost() override;

    // Its life. Everything that runs dies with the kernel; connections die without a word.
    void reboot(Duration down_for);
    void kexec() { reboot(std::chrono::seconds(3)); }  ///< a new kernel without the firmware's time
    void soft_reboot();                ///< user space anew under the same kernel
    void panic();                      ///< dead until its power is cycled, power_on() alone does nothing
    void revert_to_snapshot(Duration of_ago);  ///< the same boot, earlier: it knows of nothing since
    void power_off();
    void power_on();
    void begin(Trouble trouble);
    void end(Trouble trouble);
    void mend(Trouble trouble);        ///< however many faults have begun it
    void reset_connections();         ///< a box on the way sends RST to both ends
    void kill_sessions();             ///< `pkill sshd`: the kernel sends FIN for each
    void new_host_key();
    void new_identity();              ///< re-imaged: host key and machine id
    void become_clone();              ///< another machine from the same image: its host key, an identity of its own
    void forget_flows(bool resets);   ///< see Path
    void cut_after(std::uint64_t bytes, Duration for_how_long);
    void later(std::move_only_function<void()> what) { agenda().at(agenda().now(), std::move(what)); }

    Path path;

    // What is true.
    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    [[nodiscard]] const std::string& address() const noexcept { return address_; }
    [[nodiscard]] const std::string& host_key() const noexcept { return host_key_; }
    [[nodiscard]] const std::string& boot_id() const noexcept { return boot_id_; }
    /// As the machine itself counts: it stands still while it is paused.
    [[nodiscard]] Duration uptime() const;
    [[nodiscard]] Duration user_space_since() const noexcept { return user_space_since_; }  ///< pid 1, in uptime
    [[nodiscard]] int soft_reboots() const noexcept { return soft_reboots_; }
    [[nodiscard]] bool up() const noexcept { return up_; }
    [[nodiscard]] bool has_power() const noexcept { return has_power_; }
    [[nodiscard]] int boots() const noexcept { return boots_; }
    [[nodiscard]] bool suffers(Trouble trouble) const { return troubles_.at(static_cast<std::size_t>(trouble)) > 0; }
    [[nodiscard]] bool serves() const { return up_ && sshd_started_ && !suffers(Trouble::sshd_stopped); }
    /// Programs make progress.
    [[nodiscard]] bool thinks() const {
        return up_ && !suffers(Trouble::paused) && !suffers(Trouble::userspace_frozen);
    }
    /// Nothing is wrong with the machine itself, whatever became of the way to it.
    [[nodiscard]] bool is_well() const;
    /// A forwarder answers for itself, whatever became of the machine behind it.
    [[nodiscard]] bool answers_ping() const {
        return (forwarded || (up_ && !suffers(Trouble::paused))) && !suffers(Trouble::no_icmp);
    }
    /// What `$SSH_CONNECTION` says to those who came from this port of ours.
    [[nodiscard]] std::string ssh_connection(std::uint16_t client_port) const;
    /// How long a command takes to start.
    [[nodiscard]] Duration sluggishness() const;
    [[nodiscard]] const std::vector<Ran>& ledger() const noexcept { return ledger_; }
    [[nodiscard]] std::size_t times_ran(std::string_view line) const;
    [[nodiscard]] std::size_t running() const;
    [[nodiscard]] Sshd& sshd() { return *sshd_; }
    [[nodiscard]] Forwarder& forwarder() { return *forwarder_; }
    [[nodiscard]] Gatekeeper& gatekeeper() { return gatekeeper_; }
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
    void start_services_after(Duration span);
    void wake_up();
    void apply(Trouble trouble, bool begins);
    void stand_still(bool whole);
    void mind_the_way();
    void heal();

    Nature& nature_;
    const std::string name_;
    const std::string address_;
    std::string host_key_;
    std::string boot_id_;
    Instant booted_at_;
    Instant paused_at_{};
    Duration user_space_since_ = std::chrono::milliseconds(170);
    int soft_reboots_ = 0;
    bool up_ = true;
    bool sshd_started_ = true;
    bool panicked_ = false;
    bool has_power_ = true;
    int boots_ = 1;
    int life_ = 0;  ///< told apart from a later one by what was planned in an earlier one
    std::array<int, troubles> troubles_{};
    std::vector<Ran> ledger_;
    int next_pid_ = 1000;
    std::map<int, std::unique_ptr<Process>> processes_;
    Gatekeeper gatekeeper_{*this};
    std::unique_ptr<Sshd> sshd_;
    std::unique_ptr<Forwarder> forwarder_;
};

}  // namespace vmc::sim
