// SPDX-License-Identifier: Apache-2.0
#include "app/cli/result_file.hpp"

#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/key_values.hpp"

namespace vmc::cli {

namespace {

/// Where the name stands for one of our own descriptors (opened anew it would begin at the start of the file,
/// over what was written to it before).
std::optional<int> own_descriptor(const std::string& path) {
    if (path == "/dev/stdout") return STDOUT_FILENO;
    if (path == "/dev/stderr") return STDERR_FILENO;
    for (const std::string_view folder : {"/dev/fd/", "/proc/self/fd/"})
        if (path.starts_with(folder)) return model::whole_number<int>(std::string_view(path).substr(folder.size()));
    return std::nullopt;
}

std::string folder_of(const std::string& path) {
    const auto slash = path.rfind('/');
    if (slash == path.npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

Expected<ResultFile> ResultFile::claim(std::string path) {
    ResultFile file(std::move(path));
    if (file.path_.empty()) return file;
    struct stat there{};
    if (const auto ours = own_descriptor(file.path_)) {
        file.fd_ = ::fcntl(*ours, F_DUPFD_CLOEXEC, 0);
    } else if (::stat(file.path_.c_str(), &there) == 0 && !S_ISREG(there.st_mode)) {
        file.fd_ = ::open(file.path_.c_str(), O_WRONLY | O_CLOEXEC);
    } else {
        file.make_draft();
    }
    if (file.fd_ < 0) return std::unexpected(file.failure("cannot be written"));
    return file;
}

/// A file without a name, where the file system has such: nothing is left behind, however we end.
void ResultFile::make_draft() {
    // A link is followed: its target is replaced, not the link.
    if (char* target = ::realpath(path_.c_str(), nullptr)) {
        path_ = target;
        ::free(target);
    }
    draft_ = path_ + ".XXXXXX";
    fd_ = ::open(folder_of(path_).c_str(), O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600);
    nameless_ = fd_ >= 0;
    if (!nameless_) fd_ = ::mkostemp(draft_.data(), O_CLOEXEC);
    if (fd_ < 0) draft_.clear();
}

bool ResultFile::name_draft() {
    if (!nameless_) return true;
    const std::string self = "/proc/self/fd/" + std::to_string(fd_);
    for (int i = 0; i < 100; ++i) {
        draft_ = path_ + "." + std::to_string(::getpid()) + "-" + std::to_string(i);
        if (::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, draft_.c_str(), AT_SYMLINK_FOLLOW) == 0) {
            nameless_ = false;
            return true;
        }
        if (errno != EEXIST) break;
    }
    return false;
}

ResultFile::ResultFile(ResultFile&& other) noexcept
    : path_(std::move(other.path_)), draft_(std::exchange(other.draft_, {})), nameless_(other.nameless_),
      fd_(std::exchange(other.fd_, -1)) {}

ResultFile::~ResultFile() {
    if (fd_ >= 0) ::close(fd_);
    if (!draft_.empty() && !nameless_) ::unlink(draft_.c_str());
}

Expected<void> ResultFile::write(std::string_view content) {
    if (fd_ < 0) return {};
    while (!content.empty()) {
        const auto written = ::write(fd_, content.data(), content.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return std::unexpected(failure("cannot be written"));
        content.remove_prefix(static_cast<std::size_t>(written));
    }
    if (draft_.empty()) return {};
    const mode_t mask = ::umask(0);
    ::umask(mask);
    if (::fchmod(fd_, 0666 & ~mask) != 0 || ::fsync(fd_) != 0 || !name_draft() ||
        ::rename(draft_.c_str(), path_.c_str()) != 0)
        return std::unexpected(failure("cannot be replaced"));
    draft_.clear();
    return {};
}

Failure ResultFile::failure(const char* what) const {
    return Failure(model::exit_own_failure, path_ + " " + what + ": " + std::strerror(errno));
}

}  // namespace vmc::cli
