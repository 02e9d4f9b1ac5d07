// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include <vm_connection/export.hpp>
#include <vm_connection/job_status.hpp>
#include <vm_connection/output.hpp>
#include <vm_connection/time.hpp>

namespace vmc VMC_API {

/// From where to follow a job, and for how long when nothing is heard of its VM.
class FollowOptions {
public:
    /// Go on behind `bytes` that you have. `last`: up to 4 KiB before it, which are compared with the VM's,
    /// so that a log that was rolled back or rewritten is not continued without a word.
    FollowOptions& from(Stream stream, std::uint64_t bytes, std::string last = {}) {
        auto& one = stream == Stream::out ? out_ : err_;
        one = {bytes, std::move(last)};
        return *this;
    }
    /// How long the link may be away before we give up (5 min). The job goes on.
    FollowOptions& lost_after(Duration span) {
        lost_after_ = span;
        return *this;
    }
    /// false: only what there is now.
    FollowOptions& to_the_end(bool yes) {
        to_the_end_ = yes;
        return *this;
    }
    /// Told on the loop's thread, one line each: the output was rolled back, the job is entered again, …
    FollowOptions& says(std::function<void(std::string_view)> call) {
        says_ = std::move(call);
        return *this;
    }
    /// Told on the loop's thread what is known, each time it is read.
    FollowOptions& knows(std::function<void(const JobStatus&)> call) {
        knows_ = std::move(call);
        return *this;
    }

    struct Position {
        std::uint64_t offset = 0;
        std::string last;
    };
    [[nodiscard]] const Position& out() const noexcept { return out_; }
    [[nodiscard]] const Position& err() const noexcept { return err_; }
    [[nodiscard]] Duration lost_after() const noexcept { return lost_after_; }
    [[nodiscard]] bool to_the_end() const noexcept { return to_the_end_; }
    [[nodiscard]] const std::function<void(std::string_view)>& says() const noexcept { return says_; }
    [[nodiscard]] const std::function<void(const JobStatus&)>& knows() const noexcept { return knows_; }

private:
    Position out_, err_;
    Duration lost_after_ = std::chrono::minutes(5);
    bool to_the_end_ = true;
    std::function<void(std::string_view)> says_;
    std::function<void(const JobStatus&)> knows_;
};

}  // namespace vmc VMC_API
