// SPDX-License-Identifier: Apache-2.0
#include "edge/store/safe_files.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>

namespace vmc::edge {

namespace {

constexpr std::chrono::seconds lock_patience{2};       // port/store.hpp
constexpr int between_tries_ms = 5;
constexpr std::size_t largest_record = 64 * 1024 * 1024;

std::unexpected<Error> trouble(const std::string& name, const char* what) {
    return failed(Code::local, Stage::none, "state: " + name + ": " + what);
}
std::unexpected<Error> trouble(const std::string& name) { return trouble(name, std::strerror(errno)); }

Result<void> must_be_ours(int fd, const std::string& name, mode_t kind) {
    struct stat about{};
    if (::fstat(fd, &about) != 0) return trouble(name);
    if ((about.st_mode & S_IFMT) != kind) return trouble(name, "not what it should be");
    if (about.st_uid != ::geteuid()) return trouble(name, "belongs to somebody else");
    if (about.st_mode & 022) return trouble(name, "others may write to it");
    return {};
}

/// `mkdir -p` for the path above our own directory: those may be symlinks and belong to root.
Result<void> make_parents(const std::string& path) {
    for (std::size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
        const std::string parent = path.substr(0, slash);
        if (::mkdir(parent.c_str(), 0700) != 0 && errno != EEXIST && errno != EROFS && errno != EACCES)
            return trouble(parent);
    }
    return {};
}

Result<Fd> step_into(int parent, const std::string& name, bool make, int follow) {
    if (make && ::mkdirat(parent, name.c_str(), 0700) == 0) ::fsync(parent);
    Fd fd(::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | follow));
    if (!fd && errno == ENOENT && !make) return Fd();
    if (!fd)
        return trouble(name, errno == ELOOP || errno == ENOTDIR ? "a symlink or no directory" : std::strerror(errno));
    if (auto ours = must_be_ours(fd.get(), name, S_IFDIR); !ours) return std::unexpected(std::move(ours.error()));
    return fd;
}

bool write_all(int fd, std::string_view content) {
    while (!content.empty()) {
        const ssize_t done = ::write(fd, content.data(), content.size());
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return false;
        content.remove_prefix(static_cast<std::size_t>(done));
    }
    return true;
}

}  // namespace

Result<Fd> open_directory(const std::string& root, std::string_view below, bool make) {
    if (make) {
        if (auto parents = make_parents(root); !parents) return std::unexpected(std::move(parents.error()));
    }
    auto at = step_into(AT_FDCWD, root, make, O_NOFOLLOW);
    while (at && *at && !below.empty()) {
        const std::size_t slash = below.find('/');
        at = step_into(at->get(), std::string(below.substr(0, slash)), make, O_NOFOLLOW);
        below.remove_prefix(slash == std::string_view::npos ? below.size() : slash + 1);
    }
    return at;
}

Result<Fd> open_file(int directory, const std::string& name, int flags) {
    Fd fd(::openat(directory, name.c_str(), flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600));
    if (!fd && errno == ENOENT) return Fd();
    if (!fd) return trouble(name, errno == ELOOP ? "a symlink" : std::strerror(errno));
    if (auto ours = must_be_ours(fd.get(), name, S_IFREG); !ours) return std::unexpected(std::move(ours.error()));
    return fd;
}

Result<std::optional<std::string>> read_file(int directory, const std::string& name) {
    const auto fd = open_file(directory, name, O_RDONLY);
    if (!fd) return std::unexpected(fd.error());
    if (!*fd) return std::nullopt;
    std::string content;
    char piece[8192];
    for (;;) {
        const ssize_t got = ::read(fd->get(), piece, sizeof piece);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return trouble(name);
        if (got == 0) return content;
        content.append(piece, static_cast<std::size_t>(got));
        if (content.size() > largest_record) return trouble(name, "larger than any record of ours");
    }
}

Result<void> replace_file(int directory, const std::string& name, std::string_view content, bool durable) {
    static std::atomic<unsigned> count = 0;
    const std::string draft = "." + name + "." + std::to_string(::getpid()) + "-" + std::to_string(++count) + ".new";
    Fd fd(::openat(directory, draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!fd && errno == EEXIST) {  // of a process that was killed and whose number we now have
        ::unlinkat(directory, draft.c_str(), 0);
        fd.reset(::openat(directory, draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    }
    if (!fd) return trouble(name);
    const bool written = write_all(fd.get(), content) && (!durable || ::fsync(fd.get()) == 0);
    if (!written || ::renameat(directory, draft.c_str(), directory, name.c_str()) != 0) {
        const int error = errno;
        ::unlinkat(directory, draft.c_str(), 0);
        errno = error;
        return trouble(name);
    }
    if (durable && ::fsync(directory) != 0) return trouble(name);
    return {};
}

Result<void> append_line(int directory, const std::string& name, std::string_view line) {
    const Fd fd(::openat(directory, name.c_str(), O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!fd) return trouble(name, errno == ELOOP ? "a symlink" : std::strerror(errno));
    if (auto ours = must_be_ours(fd.get(), name, S_IFREG); !ours) return std::unexpected(std::move(ours.error()));
    const off_t end = ::lseek(fd.get(), 0, SEEK_END);
    char last = '\n';
    if (end < 0 || (end > 0 && ::pread(fd.get(), &last, 1, end - 1) != 1)) return trouble(name);
    const auto text = (last == '\n' ? "" : "\n") + std::string(line) + "\n";
    if (write_all(fd.get(), text) && ::fsync(fd.get()) == 0) return {};
    const int error = errno;
    (void)::ftruncate(fd.get(), end);  // no part of a line stays behind on a full disk
    errno = error;
    return trouble(name);
}

Result<Fd> lock_file(int directory, const std::string& name) {
    Fd fd(::openat(directory, name.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!fd) return trouble(name);
    if (auto ours = must_be_ours(fd.get(), name, S_IFREG); !ours) return std::unexpected(std::move(ours.error()));
    const auto give_up = std::chrono::steady_clock::now() + lock_patience;
    while (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR) return trouble(name);
        if (std::chrono::steady_clock::now() >= give_up) return trouble(name, "locked by another process for 2 s");
        ::poll(nullptr, 0, between_tries_ms);  // flock has no deadline of its own; ours is two seconds
    }
    return fd;
}

}  // namespace vmc::edge
