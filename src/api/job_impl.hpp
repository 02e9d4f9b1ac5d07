// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include <vm_connection/job.hpp>

#include "api/vm_impl.hpp"
#include "job/following.hpp"

namespace vmc {

class Job::Impl {
public:
    Impl(std::shared_ptr<Vm::Impl> on, std::string name, std::string root)
        : vm(std::move(on)), id(std::move(name)), directory(std::move(root)) {}
    [[nodiscard]] job::NamedJob named() const { return job::NamedJob(id, directory); }
    const std::shared_ptr<Vm::Impl> vm;
    const std::string id;
    const std::string directory;
};

/// One job that is followed. On the loop's thread, but for the promise.
class Follow::Impl final : public link::Sink, public job::FollowWatcher, public std::enable_shared_from_this<Impl> {
public:
    Impl(const Job::Impl& of, OutputFn output, FollowOptions options);

    Async<void> ready() override;
    void take(port::Stream stream, std::string bytes) override;
    void says(std::string line) override;
    void knows(const JobStatus& status) override;

    Async<void> go();
    /// Instead of go(), when there is no link any more.
    void refuse();
    void stop();
    void resume_output();

    const std::shared_ptr<Vm::Impl> vm;
    const job::NamedJob job;
    Task<JobEnd>::Promise promise;

private:
    Async<Result<job::Followed>> follow();

    OutputFn output_;
    const FollowOptions options_;
    JobStatus last_;
    bool held_back_ = false;
    flow::Event changed_;  // held_back_
    flow::Event stopped_;
};

}  // namespace vmc
