// SPDX-License-Identifier: Apache-2.0
#include "sim/probes.hpp"

#include <cstdlib>
#include <utility>

#include "sim/host.hpp"
#include "sim/system_answer.hpp"

namespace vmc::sim {

namespace {

/// The value of `key=…` at the beginning of a line, without quotes.
std::string setting(const std::string& text, const std::string& key) {
    const auto found = text.find("\n" + key + "=");
    if (found == std::string::npos) return {};
    const auto from = found + key.size() + 2;
    std::string value = text.substr(from, text.find('\n', from) - from);
    std::erase(value, '\'');
    return value;
}

std::string nonce_of(const std::string& text) {
    const auto found = text.find("vmc-begin-");
    return found == std::string::npos ? std::string{} : text.substr(found + 10, 16);
}

/// In the kernel's clock ticks of 10 ms, as /proc/PID/stat has it.
std::string ticks(Duration since_boot) { return std::to_string(since_boot / std::chrono::milliseconds(10)); }

std::string facts(SimHost& host, const Process& asker) {
    const std::string uptime = host.file("/proc/uptime");
    return "boot_id=" + host.boot_id() + "\nuptime=" + uptime.substr(0, uptime.find(' ')) +
           "\nmachine_id=" + host.machine_id + "\nproduct_uuid=" + host.product_uuid +
           "\nssh_connection=" + asker.origin.ssh_connection + "\npid1=" + ticks(host.user_space_since()) +
           "\nsshd_pid=" + std::to_string(asker.origin.sshd_pid) + "\nsshd_start=" + ticks(asker.origin.sshd_started) +
           "\nsoft_reboots=" + std::to_string(host.soft_reboots()) + "\n";
}

Step verdict(const std::string& killed, const std::string& reason, const std::string& nonce) {
    return Step::print("killed=" + killed + "\nreason=" + reason + "\n\nvmc-end-" + nonce + "\n");
}

/// The pid of the command meant by the script, or 0 and why not.
int find_command(SimHost& host, const Process& asker, const std::string& text, std::string& doubt) {
    std::string connection = setting(text, "connection");
    if (connection.empty()) connection = asker.origin.ssh_connection;
    // A script that knows its own start leaves out what began after it.
    const bool older_only = text.find("\nmine=") != std::string::npos;
    std::vector<int> commands;
    for (const Process* process : host.processes()) {
        if (process->origin.ssh_connection != connection || process == &asker || process->ended()) continue;
        if (!older_only || process->pid < asker.pid) commands.push_back(process->pid);
    }
    const auto live = static_cast<std::size_t>(std::atoi(setting(text, "live").c_str()));
    const auto index = static_cast<std::size_t>(std::atoi(setting(text, "index").c_str()));
    if (commands.size() == live && index < live) return commands[index];
    doubt = "found " + std::to_string(commands.size()) + " commands on the connection where " + std::to_string(live) +
            " should run";
    return 0;
}

Script end_command(SimHost& host, const Process& asker, const std::string& text, const std::string& nonce) {
    std::string doubt;
    const int pid = find_command(host, asker, text, doubt);
    if (pid == 0) return {verdict("doubt", doubt, nonce)};
    const auto signal = [pid](SimHost& on, const char* name) {
        Process* const process = on.find(pid);
        if (process) process->signal(name);
        return !process || process->ended();
    };
    if (signal(host, "TERM")) return {verdict("yes", "gone after TERM", nonce)};
    const Duration grace = std::chrono::milliseconds(std::atoi(setting(text, "grace").c_str()));
    auto kill = [signal, nonce](SimHost& on) -> Script {
        const bool gone = signal(on, "KILL");
        return {gone ? verdict("yes", "gone after KILL", nonce) : verdict("no", "still there after KILL", nonce)};
    };
    return {Step::sleep(grace), Step::call(std::move(kill))};
}

/// What model/rung_script sends. A repair mends what it is for.
std::optional<Script> climb(SimHost& host, const std::string& text) {
    const auto has = [&](std::string_view part) { return text.find(part) != std::string::npos; };
    const auto mends = [&](std::initializer_list<Trouble> troubles, const char* words) {
        for (const Trouble trouble : troubles) host.mend(trouble);
        return Script{Step::print(words)};
    };
    if (has("/var/crash")) return std::nullopt;  // what it knows of its boots: a test's own answer, or none
    if (has("uid=%s")) return Script{Step::print("uid=0\n")};
    if (has("systemctl reset-failed"))
        return mends({Trouble::sshd_stopped, Trouble::sshd_frozen}, "systemctl restart ssh.service\n");
    if (has("unbanip"))
        return mends({Trouble::port_refused, Trouble::reject_new, Trouble::drop_new}, "fail2ban sshd: unbanned\n");
    if (has("each STOP"))
        return mends({Trouble::fork_fails, Trouble::shell_fork_fails, Trouble::processes_scarce}, "killed 900\n");
    if (has("systemctl reboot") || has("sysrq-trigger"))
        return Script{Step::print("ordered\n"), Step(Step::Kind::reboot, {}, 0, host.boot_takes), Step::hang()};
    if (has("dmesg") || has("journalctl") || has("pstore") || has("/jobs/")) return Script{};
    return std::nullopt;
}

}  // namespace

std::optional<Script> answer_probe(SimHost& host, const Process& asker, const std::string& text) {
    const std::string nonce = nonce_of(text);
    if (nonce.empty()) return std::nullopt;
    const Step begin = Step::print("\nvmc-begin-" + nonce + "\n");
    if (text.find("g boot_id ") != std::string::npos)
        return Script{begin, Step::print(facts(host, asker) + "\nvmc-end-" + nonce + "\n")};
    if (text.find("one_line uptime ") != std::string::npos) return answer_system(asker, nonce);
    if (text.find("listens=%s") != std::string::npos) {
        const std::string listens = host.serves() ? "listens=yes\n" : "listens=no\n";
        return Script{begin, Step::print(listens + "\nvmc-end-" + nonce + "\n")};
    }
    if (auto rung = climb(host, text)) {
        rung->insert(rung->begin(), begin);
        rung->push_back(Step::print("\nvmc-end-" + nonce + "\n"));
        return rung;
    }
    if (text.find("killed=%s") == std::string::npos) return std::nullopt;
    Script script = end_command(host, asker, text, nonce);
    script.insert(script.begin(), begin);
    return script;
}

}  // namespace vmc::sim
