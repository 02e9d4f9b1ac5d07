// SPDX-License-Identifier: Apache-2.0
#include "app/cli/result_file.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace vmc::cli {

Expected<ResultFile> ResultFile::claim(std::string path) {
    ResultFile file(std::move(path));
    if (file.path_.empty()) return file;
    struct stat there{};
    if (::stat(file.path_.c_str(), &there) == 0 && !S_ISREG(there.st_mode)) {
        file.fd_ = ::open(file.path_.c_str(), O_WRONLY | O_CLOEXEC);
    } else {
        // A link is followed: its target is replaced, not the link.
        if (char* target = ::realpath(file.path_.c_str(), nullptr)) {
            file.path_ = target;
            ::free(target);
        }
        file.temporary_ = file.path_ + ".XXXXXX";
        file.fd_ = ::mkostemp(file.temporary_.data(), O_CLOEXEC);
        if (file.fd_ < 0) file.temporary_.clear();
    }
    if (file.fd_ < 0) return std::unexpected(file.failure("cannot be written"));
    return file;
}

ResultFile::ResultFile(ResultFile&& other) noexcept
    : path_(std::move(other.path_)), temporary_(std::exchange(other.temporary_, {})),
      fd_(std::exchange(other.fd_, -1)) {}

ResultFile::~ResultFile() {
    if (fd_ >= 0) ::close(fd_);
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Expected<void> ResultFile::write(std::string_view content) {
    if (fd_ < 0) return {};
    while (!content.empty()) {
        const auto written = ::write(fd_, content.data(), content.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return std::unexpected(failure("cannot be written"));
        content.remove_prefix(static_cast<std::size_t>(written));
    }
    if (temporary_.empty()) return {};
    const mode_t mask = ::umask(0);
    ::umask(mask);
    if (::fchmod(fd_, 0666 & ~mask) != 0 || ::fsync(fd_) != 0 || ::rename(temporary_.c_str(), path_.c_str()) != 0)
        return std::unexpected(failure("cannot be replaced"));
    temporary_.clear();
    return {};
}

Failure ResultFile::failure(const char* what) const {
    return Failure(model::exit_own_failure, path_ + " " + what + ": " + std::strerror(errno));
}

}  // namespace vmc::cli
