// SPDX-License-Identifier: Apache-2.0
// A console that somebody writes into a file: it grows, is truncated, replaced, not there yet.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "edge/console/consoles.hpp"
#include "edge/console/file_place.hpp"
#include "edge/os/fd.hpp"
#include "edge/os/file_watch.hpp"

namespace vmc::edge {

namespace {

constexpr std::size_t piece = 65536;
/// Of a file that is seen for the first time: some three boots of a kernel.
constexpr std::uint64_t first_look = 256 * 1024;

/// What a helper found; it may hang on a network's file system, and then answers nobody.
struct Look {
    enum class What { bytes, nothing, rewritten, replaced, failed };
    What what = What::nothing;
    std::string bytes;
    bool at_end = false;
    int error = 0;
};

struct Opened {
    Fd fd;
    FilePlace place;
    std::uint64_t size = 0;
    int error = 0;
    bool is_file = true;
};

std::string read_at(int fd, std::uint64_t from, std::size_t size, int& error) {
    std::string bytes(size, '\0');
    const auto got = ::pread(fd, bytes.data(), size, static_cast<off_t>(from));
    error = got < 0 ? errno : 0;
    bytes.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return bytes;
}

/// The last bytes before `offset`, which a file that was rewritten no longer has.
std::string mark_before(int fd, std::uint64_t offset) {
    int error = 0;
    const auto size = std::min<std::uint64_t>(FilePlace::marked, offset);
    return read_at(fd, offset - size, static_cast<std::size_t>(size), error);
}

/// `whole`: it is a new file in the place of one that was read to its end.
Opened open_at(const std::string& path, const std::string& after, bool whole) {
    Opened opened;
    opened.fd = Fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    struct stat about{};
    if (!opened.fd || ::fstat(opened.fd.get(), &about) != 0) {
        opened.error = errno;
        return opened;
    }
    opened.is_file = S_ISREG(about.st_mode);
    if (!opened.is_file) {
        opened.error = S_ISDIR(about.st_mode) ? EISDIR : EINVAL;
        return opened;
    }
    opened.size = static_cast<std::uint64_t>(about.st_size);
    const auto before = FilePlace::parse(after);
    opened.place = FilePlace(about.st_dev, about.st_ino);
    if (before && before->is_in(about.st_dev, about.st_ino) && before->offset <= opened.size &&
        mark_before(opened.fd.get(), before->offset) == before->mark) {
        opened.place = *before;
        return opened;
    }
    if (whole || before || opened.size <= first_look) return opened;
    const auto from = opened.size - first_look;
    const auto text = read_at(opened.fd.get(), from, 4096, opened.error);
    const auto end = text.find('\n');
    opened.place.offset = from + (end == text.npos ? 0 : end + 1);
    opened.place.mark = mark_before(opened.fd.get(), opened.place.offset);
    return opened;
}

Look look_at(int fd, const std::string& path, const FilePlace& place) {
    Look look;
    struct stat about{};
    // Asked first: what was written before it was replaced is read all the same.
    const bool replaced = ::stat(path.c_str(), &about) == 0 && !place.is_in(about.st_dev, about.st_ino);
    if (::fstat(fd, &about) != 0) about.st_size = 0;
    const auto marked = place.mark.size();
    auto bytes = read_at(fd, place.offset - marked, marked + piece, look.error);
    if (look.error != 0) {
        look.what = Look::What::failed;
    } else if (bytes.size() < marked || bytes.compare(0, marked, place.mark) != 0) {
        look.what = Look::What::rewritten;
    } else if (bytes.size() > marked) {
        bytes.erase(0, marked);
        look.what = Look::What::bytes;
        look.at_end = place.offset + bytes.size() >= static_cast<std::uint64_t>(about.st_size);
        // Whole lines while there are some, so that a place that is remembered is behind one.
        if (const auto end = bytes.rfind('\n'); end != bytes.npos && end + 1 < bytes.size()) {
            bytes.resize(end + 1);
            look.at_end = false;
        }
        look.bytes = std::move(bytes);
    } else if (replaced) {
        look.what = Look::What::replaced;
    }
    return look;
}

class FileConsole final : public port::Console {
public:
    FileConsole(OffLoop& helpers, std::string path)
        : helpers_(helpers), path_(std::move(path)), watch_(helpers.loop()) {}

    Async<Result<void>> open(std::string after, Instant deadline) override {
        const auto slash = path_.rfind('/');
        watch_.add(slash == std::string::npos ? "." : path_.substr(0, slash + 1));
        std::function<Opened()> job = [path = path_, after = known_ ? place() : std::move(after), whole = known_] {
            return open_at(path, after, whole);
        };
        auto opened = co_await helpers_.run(std::move(job), deadline);
        if (!opened) co_return failed(Code::timed_out, Stage::none, path_ + ": its file system does not answer");
        if (!opened->is_file)
            co_return failed(Code::bad_request, Stage::none,
                             path_ + (opened->error == EISDIR ? ": a directory, no file" : ": no regular file"));
        if (opened->error != 0) co_return failed(Code::local, Stage::none, path_ + ": " + std::strerror(opened->error));
        watch_.add(path_);
        file_ = std::make_shared<const Fd>(std::move(opened->fd));
        place_ = std::move(opened->place);
        at_end_ = place_.offset >= opened->size;
        known_ = true;
        co_return Result<void>();
    }

    Async<Result<std::string>> next() override {
        while (file_) {
            std::function<Look()> job = [file = file_, path = path_, place = place_] {
                return look_at(file->get(), path, place);
            };
            auto look = co_await helpers_.run(std::move(job), never);
            if (look->what == Look::What::bytes) {
                place_.pass(look->bytes);
                at_end_ = look->at_end;
                co_return std::move(look->bytes);
            }
            at_end_ = true;
            if (look->what == Look::What::nothing) {
                co_await watch_.wait(never);
                continue;
            }
            file_.reset();
            const char* why = look->what == Look::What::rewritten  ? "was truncated"
                              : look->what == Look::What::replaced ? "was replaced"
                                                                   : std::strerror(look->error);
            co_return failed(Code::lost, Stage::none, path_ + ": " + why);
        }
        co_return failed(Code::lost, Stage::none, path_ + ": not open");
    }

    [[nodiscard]] bool is_at_end() const override { return at_end_; }
    Async<void> wait_for_change(Instant until) override { return watch_.wait(until); }
    [[nodiscard]] std::string place() const override { return place_.serialise(); }
    [[nodiscard]] std::string told() const override { return path_; }

private:
    OffLoop& helpers_;
    const std::string path_;
    FileWatch watch_;
    std::shared_ptr<const Fd> file_;  // a helper may still read from it
    FilePlace place_;
    bool known_ = false;  // it was open before: what replaces it is new from its first byte
    bool at_end_ = false;
};

}  // namespace

std::unique_ptr<port::Console> make_file_console(OffLoop& helpers, const ConsoleSource& described) {
    return std::make_unique<FileConsole>(helpers, described.path());
}

}  // namespace vmc::edge
