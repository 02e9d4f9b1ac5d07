// SPDX-License-Identifier: Apache-2.0
// Commands that live on the VM: they go on whatever becomes of the connection and of us.
//
//     auto job = vm.submit(vmc::JobRequest(vmc::Command("make check").within(1h))).get();
//     auto end = job->follow(print).end().get();
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <vm_connection/error.hpp>
#include <vm_connection/export.hpp>
#include <vm_connection/follow.hpp>
#include <vm_connection/job_request.hpp>
#include <vm_connection/job_status.hpp>
#include <vm_connection/task.hpp>

namespace vmc VMC_API {

/// How following ended.
class JobEnd {
public:
    JobStatus status;               ///< its last known state
    std::optional<Error> gave_up;   ///< why we stopped before its end; the job may go on
    int reconnects = 0;             ///< how often it was lost from sight
};

/// A job that is being followed. Copies share it; dropping them all lets it go on to its end.
class Follow {
public:
    [[nodiscard]] Task<JobEnd> end() const;  ///< comes exactly once
    void stop();                             ///< the job goes on
    void resume_output();                    ///< see OutputFn

    class VMC_HIDDEN Impl;
    explicit Follow(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

private:
    std::shared_ptr<Impl> impl_;
};

/// A job on a VM, by its id or its name. A handle: nothing is asked before a call. Each call waits for the
/// link to come back, for at most a minute; it outlives its Vm, and then its calls fail.
class Job {
public:
    [[nodiscard]] const std::string& id() const noexcept;
    [[nodiscard]] const std::string& directory() const noexcept;  ///< as in its request
    /// Fails (Code::declined) when there is no such job.
    [[nodiscard]] Task<Result<JobStatus>> status() const;
    /// Its output from where `options` says, each byte once; without an OutputFn it is only waited for.
    [[nodiscard]] Follow follow(OutputFn output = {}, FollowOptions options = {}) const;
    /// TERM to all that it started, then KILL after `grace`. Its state afterwards.
    [[nodiscard]] Task<Result<JobStatus>> cancel(Duration grace = std::chrono::seconds(5)) const;
    /// Takes the records of an ended job away.
    [[nodiscard]] Task<Result<void>> remove() const;
    /// Opens a window in tmux on the VM, for people to look at its output; gives the command that shows it.
    [[nodiscard]] Task<Result<std::string>> view() const;
    /// Runs the cleanup that it did not live to run; see JobStatus::cleanup_pending.
    [[nodiscard]] Task<Result<void>> clean_up() const;

    class VMC_HIDDEN Impl;
    explicit Job(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

private:
    std::shared_ptr<Impl> impl_;
};

}  // namespace vmc VMC_API
