// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include <vm_connection/command.hpp>
#include <vm_connection/export.hpp>

namespace vmc VMC_API {

/// What becomes of a job when its VM reboots under it.
enum class OnReboot {
    fail,    ///< it is interrupted, and that is its end
    rerun,   ///< it begins again; only for what may be run twice
    resume,  ///< it is entered again with VMC_REBOOT_COUNT and its mark file, and goes on by itself
};

/// What to submit. A small class with chained setters, around the command and its limits.
class JobRequest {
public:
    explicit JobRequest(Command what) : command_(std::move(what)) {}

    /// For people; several jobs may have the same. Letters, digits, `._-`; not first `-` or `.`; at most 64.
    JobRequest& name(std::string text) {
        name_ = std::move(text);
        return *this;
    }
    /// A UUID. The same id is never run twice on a VM, whoever submits it. Empty: a new one.
    JobRequest& id(std::string uuid) {
        id_ = std::move(uuid);
        return *this;
    }
    /// Between TERM and KILL when it is ended (5 s).
    JobRequest& grace(Duration span) {
        grace_ = span;
        return *this;
    }
    /// A shell line that is run after every ending, also after one that the job did not live to see.
    JobRequest& cleanup(std::string line) {
        cleanup_ = std::move(line);
        return *this;
    }
    /// The dead man's switch: unless somebody who has connected anew after the command's end confirms
    /// within `span` of its start, the VM itself runs `line`. Whoever follows the job confirms by himself.
    /// Does not outlive a reboot. At least 2 s.
    JobRequest& revert(std::string line, Duration span) {
        revert_ = std::move(line);
        confirm_within_ = span;
        return *this;
    }
    /// Ends the job when stdout and stderr together are longer; looked at once a second. 0: no limit.
    JobRequest& max_output(std::uint64_t bytes) {
        max_output_ = bytes;
        return *this;
    }
    JobRequest& on_reboot(OnReboot what, int at_most = 3) {
        on_reboot_ = what;
        max_reboots_ = at_most;
        return *this;
    }
    /// Also where its records cannot be made durable (tmpfs, a disk that takes no fsync).
    JobRequest& allow_volatile(bool yes = true) {
        allow_volatile_ = yes;
        return *this;
    }
    /// An absolute path on the VM under which jobs live, instead of the user's state directory.
    JobRequest& directory(std::string path) {
        directory_ = std::move(path);
        return *this;
    }

    [[nodiscard]] const Command& command() const noexcept { return command_; }
    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    [[nodiscard]] const std::string& id() const noexcept { return id_; }
    [[nodiscard]] Duration grace() const noexcept { return grace_; }
    [[nodiscard]] const std::string& cleanup() const noexcept { return cleanup_; }
    [[nodiscard]] const std::string& revert() const noexcept { return revert_; }
    [[nodiscard]] Duration confirm_within() const noexcept { return confirm_within_; }
    [[nodiscard]] std::uint64_t max_output() const noexcept { return max_output_; }
    [[nodiscard]] OnReboot on_reboot() const noexcept { return on_reboot_; }
    [[nodiscard]] int max_reboots() const noexcept { return max_reboots_; }
    [[nodiscard]] bool allows_volatile() const noexcept { return allow_volatile_; }
    [[nodiscard]] const std::string& directory() const noexcept { return directory_; }

private:
    Command command_;
    std::string name_, id_, cleanup_, directory_, revert_;
    Duration confirm_within_{};
    Duration grace_ = std::chrono::seconds(5);
    std::uint64_t max_output_ = 0;
    OnReboot on_reboot_ = OnReboot::fail;
    int max_reboots_ = 3;
    bool allow_volatile_ = false;
};

}  // namespace vmc VMC_API
