// SPDX-License-Identifier: Apache-2.0
// A VM of which only the disk is real: /bin/sh as sshd would start it, on a file system of its own whose power can
// be cut, with processes that all end with it and a boot id that is another one afterwards. Needs root.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "model/job_place.hpp"

struct disk_steps;

namespace disk {

/// When the power goes.
struct Cut {
    unsigned before_step = 0;                          ///< 0: not by steps; 1 is the first
    std::optional<std::chrono::microseconds> after{};  ///< from the start of the script
    bool spares_disk = false;                          ///< at that step the processes end, and that is all
    bool in_middle = false;                            ///< where the command takes the step called `middle`
};

struct Ran {
    std::string printed;
    bool cut = false;
    bool completed = false;  ///< it took the step called `completed`
    unsigned steps = 0;      ///< taken in all; with a cut by time only `completed` is one
};

/// What the disks are made as, as VMC_DISK_FILE_SYSTEM says: "ext4" where it says nothing, or "xfs".
const char* file_system();

class Machine {
public:
    Machine();
    ~Machine();
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;

    /// Runs `script` until it and all that it started have ended, or the power goes.
    Ran run(const std::string& script, Cut cut = {});
    /// The power goes where it has not yet; on again, another boot.
    void reboot();
    [[nodiscard]] const vmc::model::JobPlace& place() const { return place_; }
    [[nodiscard]] const std::string& boot_id() const { return boot_id_; }
    /// A file that no power cut touches: "ID WORDS" for each execution of anything.
    [[nodiscard]] std::string ledger() const { return directory_ / "ledger"; }
    /// The words beside an id, in the order of the executions.
    [[nodiscard]] std::vector<std::string> executions_of(const std::string& id) const;
    /// Beside the jobs.
    void write(const std::string& name, const std::string& text) const;
    void forget(const std::string& job);

private:
    void make_tools(const std::string& step);
    void make_disk();
    void mount_disk();
    [[nodiscard]] bool takes_a_file() const;
    void new_boot();
    void shut_down_disk() const;
    [[nodiscard]] std::string init() const { return directory_ / "init" / "init"; }
    bool wait_for(int pid, Cut cut) const;

    std::filesystem::path directory_;
    std::filesystem::path mounted_;
    std::string device_;
    std::string boot_id_;
    disk_steps* steps_ = nullptr;
    int loop_ = -1;
    vmc::model::JobPlace place_;
};

}  // namespace disk
