// SPDX-License-Identifier: Apache-2.0
#include "sim/system_answer.hpp"

#include <cstdio>

#include "sim/host.hpp"

namespace vmc::sim {

namespace {

/// The machine has 2 processors, 2 GiB of memory and 20 GB of disk; a line for each question of the script.
class SystemAnswer {
public:
    explicit SystemAnswer(SimHost& host)
        : host_(host), no_memory_(has(Trouble::memory_exhausted)), stuck_(has(Trouble::disk_hung)) {}

    /// All but the write. The kernel log is root's.
    std::string text(bool as_root) {
        const std::string uptime = host_.file("/proc/uptime");
        tell("uptime", uptime.substr(0, uptime.find(' ')));
        tell("load", no_memory_ ? "38.20" : stuck_ ? "6.40" : "0.12");
        tell("cpus", "0-1");
        tell("taint", has(Trouble::kernel_oops) ? "128" : "0");
        memory();
        tell("root", std::string("ext4 ") + (has(Trouble::root_read_only) ? "ro" : "rw") + ",relatime");
        tell("reboot", "no");
        const auto clock = host_.agenda().calendar() + std::chrono::floor<std::chrono::milliseconds>(host_.clock_ahead);
        tell("clock", std::to_string(std::chrono::floor<std::chrono::seconds>(clock).time_since_epoch().count()));
        tell("processes", "118");
        tell("blocked", stuck_ ? "7" : no_memory_ ? "4" : "0");
        tell("zombies", "0");
        disk();
        tell("failed_units", "0");
        tell("failed_unit", "");
        if (as_root) tell("klog", kernel_log());
        return std::move(text_);
    }

    /// What the script ends with.
    static Script write(const SimHost& host) {
        if (host.suffers(Trouble::disk_hung))
            return {Step::sleep(std::chrono::seconds(5)), Step::print("write=stuck\n")};
        for (const Trouble trouble : {Trouble::disk_full, Trouble::inodes_full, Trouble::root_read_only})
            if (host.suffers(trouble)) return {Step::print("write=failed\n")};
        return {Step::sleep(std::chrono::milliseconds(10)), Step::print("write=1\n")};
    }

private:
    [[nodiscard]] bool has(Trouble trouble) const { return host_.suffers(trouble); }
    void tell(const std::string& key, const std::string& value) { text_.append(key).append("=").append(value + "\n"); }

    void memory() {
        tell("MemTotal", "2014520");
        tell("MemAvailable", no_memory_ ? "18324" : "1612340");
        tell("SwapTotal", "1048572");
        tell("SwapFree", no_memory_ ? "5120" : "1048572");
        tell("psi_memory", no_memory_ ? "71.30" : "0.00");
        tell("psi_io", stuck_ ? "97.20" : no_memory_ ? "48.00" : "0.05");
    }

    void disk() {
        for (const char* const where : {"root", "state"}) {
            const std::string name = where;
            tell("space_" + name, std::string("20509264 ") + (has(Trouble::disk_full) ? "0" : "14210332"));
            tell("inodes_" + name, std::string("1310720 ") + (has(Trouble::inodes_full) ? "0" : "1204411"));
        }
    }

    /// The last alarming line of dmesg, a moment old.
    [[nodiscard]] std::string kernel_log() const {
        const char* line = "";
        if (has(Trouble::root_read_only)) line = "EXT4-fs (vda1): Remounting filesystem read-only";
        if (no_memory_) line = "Out of memory: Killed process 812 (mysqld) total-vm:1873420kB";
        if (has(Trouble::kernel_oops)) line = "Oops: 0000 [#1] PREEMPT SMP PTI";
        if (*line == '\0') return {};
        char when[32];
        std::snprintf(when, sizeof when, "[%12.6f] ", std::chrono::duration<double>(host_.uptime()).count());
        return std::string(when) + line;
    }

    SimHost& host_;
    const bool no_memory_;
    const bool stuck_;
    std::string text_;
};

}  // namespace

Script answer_system(const Process& asker, const std::string& nonce) {
    const bool as_root = asker.origin.user == "root";
    auto read = [as_root](SimHost& on) -> Script {
        Script script = SystemAnswer::write(on);
        if (on.suffers(Trouble::processes_scarce)) return {Step::print("uptime=1\n"), Step::exit(254)};
        script.insert(script.begin(), Step::print(SystemAnswer(on).text(as_root)));
        return script;
    };
    return {Step::print("\nvmc-begin-" + nonce + "\n"), Step::call(std::move(read)),
            Step::print("\nvmc-end-" + nonce + "\n")};
}

}  // namespace vmc::sim
