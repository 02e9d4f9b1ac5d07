// SPDX-License-Identifier: Apache-2.0
#include "app/cli/job_sinks.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "app/cli/streams.hpp"
#include "model/job_stream.hpp"

namespace vmc::cli {

Expected<void> JobSinks::open_one(One& one, const std::string& path, bool fresh) {
    if (path.empty()) return {};
    one.path = path;
    const auto why = [&] { return our_failure(path + ": " + std::strerror(errno)); };
    one.fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | (fresh ? O_TRUNC : 0), 0666);
    // A pipe or a device cannot be read back: it is written from the beginning.
    if (one.fd < 0 && (errno == ENXIO || errno == EACCES)) one.fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    struct stat now{};
    if (one.fd < 0 || ::fstat(one.fd, &now) != 0) return why();
    if (S_ISREG(now.st_mode)) {
        one.size = static_cast<std::uint64_t>(now.st_size);
        one.last.resize(static_cast<std::size_t>(std::min<std::uint64_t>(one.size, model::overlap)));
        const auto at = static_cast<off_t>(one.size - one.last.size());
        if (::pread(one.fd, one.last.data(), one.last.size(), at) != static_cast<ssize_t>(one.last.size()))
            return why();
    }
    one.file.emplace(one.fd, bell());
    return {};
}

Expected<std::unique_ptr<JobSinks>> JobSinks::open(const std::string& out, const std::string& err, bool fresh) {
    std::unique_ptr<JobSinks> sinks(new JobSinks());
    if (auto fine = open_one(sinks->out_, out, fresh); !fine) return std::unexpected(std::move(fine.error()));
    if (auto fine = open_one(sinks->err_, err, fresh); !fine) return std::unexpected(std::move(fine.error()));
    return sinks;
}

// The descriptors stay: a thread may still write to them.
JobSinks::~JobSinks() = default;

Outlet& JobSinks::outlet(Stream stream) {
    auto& one = stream == Stream::out ? out_ : err_;
    if (one.file) return *one.file;
    return stream == Stream::out ? streams().out() : streams().err();
}

void JobSinks::continue_from(FollowOptions& options) const {
    if (out_.file) options.from(Stream::out, out_.size, out_.last);
    if (err_.file) options.from(Stream::err, err_.size, err_.last);
}

std::optional<Failure> JobSinks::settle() {
    for (One* one : {&out_, &err_}) {
        if (!one->file) continue;
        one->file->settle([] { return false; }, never);
        if (one->file->broken())
            return Failure(model::exit_own_failure, one->path + ": " + std::strerror(one->file->why_broken()) +
                                                        "; the job goes on, and vmc attach continues the file");
    }
    return std::nullopt;
}

}  // namespace vmc::cli
