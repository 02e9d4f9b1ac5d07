// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "job/jobs.hpp"
#include "link/sink.hpp"
#include "model/job_beat.hpp"
#include "model/job_stream.hpp"

namespace vmc::job {

/// Something that is said while a job is followed.
class FollowWatcher {
public:
    virtual ~FollowWatcher() = default;
    /// A line for people: the link was lost or is back, a log was rolled back, an attempt begins.
    virtual void says(std::string) {}
    /// What is known of it: twice a second while its output streams, and whenever it was looked at.
    virtual void knows(const JobStatus&) {}
};

/// From where a job is followed, and for how long without it.
class FollowFrom {
public:
    model::JobPosition out;
    model::JobPosition err;
    Duration lost_after = std::chrono::minutes(5);
    bool to_the_end = true;  ///< false: only what there is now
};

/// How following ended: the job's last known state, and why we stopped before its end, if we did.
class Followed {
public:
    JobStatus status;
    std::optional<Error> gave_up;
    int reconnects = 0;
};

/// Streams a job's output into `sink`, exactly once for each byte, across losses and reboots. One use.
class Following {
public:
    /// All of them outlive run().
    Following(Jobs& jobs, std::string id, std::string directory, FollowFrom from, link::Sink& sink,
              FollowWatcher& watcher);
    /// Returns when the job has ended and all its output was taken, when the link was away for lost_after,
    /// or when it makes no sense to go on.
    Async<Followed> run();

private:
    class Streams;
    Async<void> follow();
    Async<bool> stream();
    Async<bool> look();
    Async<void> deliver(port::Stream stream, std::string_view bytes);
    bool settle_offsets(const JobStatus& status);
    void note(const model::JobReader& reader, const char* name);
    void hear(model::JobBeat beat);
    void note_blank_ends();
    Async<bool> go_on_after_reboot();
    Async<bool> confirm();
    Async<void> clean_up();
    [[nodiscard]] bool complete() const;
    [[nodiscard]] bool nearly_complete() const;
    void failed_with(const Error& error);

    Jobs& jobs_;
    std::string id_;
    std::string directory_;
    FollowFrom from_;
    link::Sink& sink_;
    FollowWatcher& watcher_;
    Followed result_;
    bool answered_ = false;            // at all
    bool away_ = false;                // since the last answer there was a failure
    bool rewritten_said_ = false;
    std::optional<Instant> away_since_;
    std::optional<Error> last_error_;
    std::optional<model::JobBeat> heard_;
};

}  // namespace vmc::job
