// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <vm_connection/job.hpp>

#include "app/cli/failure.hpp"
#include "app/cli/outlet.hpp"

namespace vmc::cli {

/// Where the output of a job goes: our own streams, or files that are continued at their own size, so
/// that each byte is in them once whatever became of us in between.
class JobSinks {
public:
    /// An empty path stands for our own stream. `fresh`: the files begin anew.
    [[nodiscard]] static Expected<std::unique_ptr<JobSinks>> open(const std::string& out, const std::string& err,
                                                                  bool fresh);
    ~JobSinks();

    [[nodiscard]] Outlet& outlet(Stream stream);
    [[nodiscard]] bool is_file(Stream stream) const { return (stream == Stream::out ? out_ : err_).file.has_value(); }
    /// Sets where the files go on.
    void continue_from(FollowOptions& options) const;
    /// Waits until everything was written; why not, else.
    [[nodiscard]] std::optional<Failure> settle();

private:
    struct One {
        std::string path;
        std::optional<Outlet> file;
        std::uint64_t size = 0;
        std::string last;
        int fd = -1;
    };
    JobSinks() = default;
    [[nodiscard]] static Expected<void> open_one(One& one, const std::string& path, bool fresh);
    One out_, err_;
};

}  // namespace vmc::cli
