// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "call.hpp"
#include "job_values.hpp"

namespace vmc::python {

/// A job that is followed, and what came of it since Python looked last. When Python forgets it, it is no longer
/// followed; the job goes on.
class FollowCall {
public:
    /// With `wants_output` false it is only waited for.
    FollowCall(const Job& job, FollowOptions options, const std::shared_ptr<Slot>& slot, bool wants_output);
    ~FollowCall();
    FollowCall(const FollowCall&) = delete;
    FollowCall& operator=(const FollowCall&) = delete;

    bool ready() const { return end_.ready(); }
    bool news();
    /// As of a Run, and 2 for a line that is said of the job.
    py::list take_output();
    py::object result() { return render(end_.get()); }
    /// Stops following.
    void cancel() { follow_.stop(); }

private:
    static Follow start(const Job& job, FollowOptions options, const std::shared_ptr<Slot>& slot,
                        const std::shared_ptr<Pieces>& output, bool wants_output);

    std::shared_ptr<Slot> slot_;
    std::shared_ptr<Pieces> output_;
    Follow follow_;
    Task<JobEnd> end_;
    int owner_;
};

}  // namespace vmc::python
