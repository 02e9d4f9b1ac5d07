// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <vm_connection/vm.hpp>

#include "app/cli/contact.hpp"
#include "app/cli/job_sinks.hpp"
#include "app/cli/lookout.hpp"
#include "app/cli/outcome_text.hpp"

namespace vmc::cli {

/// Follows one job from our side, on the main thread: its output to our sinks, what is known of it to
/// stderr, and our signals to it. The job itself does not depend on us.
class JobAttendance {
public:
    enum class Form { bytes, json };
    /// What Ctrl-C means: end the job, or leave it alone.
    enum class OnInterrupt { cancel, leave };
    JobAttendance(Contact& contact, JobSinks& sinks, Form form, OnInterrupt on_interrupt);
    ~JobAttendance();

    /// To be called once. Returns when the job has ended, or it is lost from sight for `lost_after`, or a
    /// signal asks us to leave.
    JobEnd run(Job job, FollowOptions options);
    /// A VM that is gone while the job is followed is brought back.
    void recover(RecoveryPolicy policy) { lookout_.recover(policy); }
    /// Left by a signal, not by an end.
    [[nodiscard]] bool left() const { return left_; }

private:
    bool take(Stream stream, std::string_view bytes);
    void look_after(const Job& job);
    void say_what_is_known();
    void show_progress();

    Contact& contact_;
    Lookout lookout_;
    JobSinks& sinks_;
    const Form form_;
    const OnInterrupt on_interrupt_;
    const Instant begun_;
    bool shows_progress_;
    Instant next_progress_;
    bool cancelled_ = false;
    bool left_ = false;
    std::atomic<std::uint64_t> out_bytes_{0};
    std::atomic<std::uint64_t> err_bytes_{0};
    std::mutex mutex_;  // protects what is below: written on the loop's thread
    JobStatus known_;
    OutputEvents out_events_{Stream::out};
    OutputEvents err_events_{Stream::err};
    std::optional<Follow> follow_;
};

}  // namespace vmc::cli
