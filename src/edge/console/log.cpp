// SPDX-License-Identifier: Apache-2.0
#include "edge/console/log.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "edge/console/log_files.hpp"
#include "edge/os/file_watch.hpp"
#include "edge/store/safe_files.hpp"
#include "model/console_lines.hpp"

namespace vmc::edge {

namespace {

std::unexpected<Error> trouble(const char* what) {
    return failed(Code::local, Stage::none, std::string("state: the console's log: ") + what);
}

bool write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto done = ::write(fd, bytes.data(), bytes.size());
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(done));
    }
    return true;
}

class FileConsoleLog final : public port::ConsoleLog {
public:
    FileConsoleLog(OffLoop& helpers, Fd directory, std::uint64_t at_most)
        : helpers_(helpers), directory_(std::make_shared<const Fd>(std::move(directory))), at_most_(at_most) {}

    Result<bool> lock() override {
        if (!lock_) {
            auto opened = open_file(directory_->get(), "lock", O_RDWR | O_CREAT);
            if (!opened) return std::unexpected(std::move(opened.error()));
            lock_ = std::move(*opened);
        }
        if (::flock(lock_.get(), LOCK_EX | LOCK_NB) == 0) return true;
        if (errno == EWOULDBLOCK || errno == EINTR) return false;
        return trouble(std::strerror(errno));
    }

    /// Given back first: that the file was closed wakes who stands by.
    void unlock() override {
        if (lock_) ::flock(lock_.get(), LOCK_UN);
        lock_ = Fd();
        file_ = Fd();
    }

    Result<void> append(const std::vector<ConsoleLine>& lines) override {
        if (lines.empty()) return {};
        std::string text;
        for (const auto& line : lines) text += model::console_record(line);
        if (auto ready = make_ready(text.size()); !ready) return ready;
        if (write_all(file_.get(), text)) {
            size_ += text.size();
            return {};
        }
        const int error = errno;
        [[maybe_unused]] const int cut = ::ftruncate(file_.get(), static_cast<off_t>(size_));
        file_ = Fd();
        return trouble(std::strerror(error));
    }

    Result<std::string> place() override {
        auto text = read_file(directory_->get(), "place");
        if (!text) return std::unexpected(std::move(text.error()));
        return std::move(*text).value_or("");
    }
    Result<void> keep_place(const std::string& place) override {
        return replace_file(directory_->get(), "place", place, false);
    }

    Async<Result<ConsoleLines>> tail(std::size_t count) override {
        return read([count](const LogFiles& files) { return files.tail(count); });
    }
    Async<Result<ConsoleLines>> after(ConsoleCursor from) override {
        return read([from](const LogFiles& files) { return files.after(from); });
    }

    Async<void> wait_for_change(Instant until) override {
        if (watch_) {
            co_await watch_->wait(until);
        } else {
            watch_ = std::make_unique<FileWatch>(helpers_.loop());
            watch_->add("/proc/self/fd/" + std::to_string(directory_->get()));
        }
    }

private:
    Async<Result<ConsoleLines>> read(std::function<ConsoleLines(const LogFiles&)> how) {
        std::function<Result<ConsoleLines>()> job = [how = std::move(how),
                                                     directory = directory_]() -> Result<ConsoleLines> {
            auto files = LogFiles::open(directory->get());
            if (!files) return std::unexpected(std::move(files.error()));
            return how(*files);
        };
        auto found = co_await helpers_.run(std::move(job), never);
        co_return std::move(*found);
    }

    /// The file is open, ends with a whole line, and `more` still fits.
    Result<void> make_ready(std::size_t more) {
        if (!file_) {
            auto now = LogFile::open(directory_->get(), log_now);
            if (!now) return std::unexpected(std::move(now.error()));
            number_ = now->number;
            size_ = now->size;
            if (number_ == 0) return begin();
            const bool torn = now->read(size_ - 1, 1) != "\n";
            if (auto opened = open_to_write(); !opened) return opened;
            if (torn && !write_all(file_.get(), "\n")) return trouble(std::strerror(errno));
            size_ += torn ? 1 : 0;
        }
        if (size_ + more > at_most_ && size_ > LogFile::header(number_).size()) return begin();
        return {};
    }

    /// What there was becomes the one before; a new one begins.
    Result<void> begin() {
        if (number_ == 0) {
            auto before = LogFile::open(directory_->get(), log_before);
            if (!before) return std::unexpected(std::move(before.error()));
            number_ = before->number;
            ::unlinkat(directory_->get(), log_now, 0);  // torn in its first line
        } else if (::renameat(directory_->get(), log_now, directory_->get(), log_before) != 0) {
            return trouble(std::strerror(errno));
        }
        file_ = Fd();
        const auto header = LogFile::header(++number_);
        // Whole or not at all: a reader never sees it without its number.
        if (auto made = replace_file(directory_->get(), log_now, header, false); !made) return made;
        size_ = header.size();
        return open_to_write();
    }

    Result<void> open_to_write() {
        auto opened = open_file(directory_->get(), log_now, O_WRONLY | O_APPEND);
        if (!opened) return std::unexpected(std::move(opened.error()));
        if (!*opened) return trouble("it was taken away");
        file_ = std::move(*opened);
        return {};
    }

    OffLoop& helpers_;
    std::shared_ptr<const Fd> directory_;  // a helper may still read in it
    const std::uint64_t at_most_;
    Fd lock_;
    Fd file_;  // to append to
    std::uint64_t number_ = 0;
    std::uint64_t size_ = 0;
    std::unique_ptr<FileWatch> watch_;
};

}  // namespace

Result<std::unique_ptr<port::ConsoleLog>> FileConsoleLogs::open(const std::string& name) {
    auto directory = open_directory(directory_, name, true);
    if (!directory) return std::unexpected(std::move(directory.error()));
    return std::make_unique<FileConsoleLog>(helpers_, std::move(*directory), at_most_);
}

}  // namespace vmc::edge
