// SPDX-License-Identifier: Apache-2.0
#include "edge/console/log_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include "edge/store/safe_files.hpp"
#include "model/console_lines.hpp"
#include "model/key_values.hpp"

namespace vmc::edge {

namespace {

constexpr std::string_view title = "# vm-connection console ";
constexpr std::size_t at_once = 256 * 1024;
/// A writer may have replaced them between our two opens; not over and over.
constexpr int tries = 5;

/// The records in whole lines of `text`; what is no record was torn by a crash, or is the header.
std::vector<ConsoleLine> records_in(std::string_view text) {
    std::vector<ConsoleLine> lines;
    for (auto end = text.find('\n'); end != text.npos; end = text.find('\n')) {
        if (auto line = model::parse_console_record(text.substr(0, end))) lines.push_back(std::move(*line));
        text.remove_prefix(end + 1);
    }
    return lines;
}

/// From `offset` in whole lines, and where they end.
std::pair<std::vector<ConsoleLine>, std::uint64_t> lines_from(const LogFile& file, std::uint64_t offset) {
    const auto text = file.read(offset, at_once);
    const auto whole = text.rfind('\n') + 1;  // 0 where there is none
    return {records_in(std::string_view(text).substr(0, whole)), offset + whole};
}

/// The last lines of a file: twice as much is read until there are enough of them. And where they end.
std::pair<std::vector<ConsoleLine>, std::uint64_t> last_lines(const LogFile& file, std::size_t count) {
    for (std::uint64_t size = 64 * 1024;; size *= 4) {
        const auto from = file.size > size ? file.size - size : 0;
        const auto text = file.read(from, static_cast<std::size_t>(file.size - from));
        const auto first = from == 0 ? 0 : text.find('\n') + 1;
        const auto whole = std::max(text.rfind('\n') + 1, first);
        auto lines = records_in(std::string_view(text).substr(first, whole - first));
        if (lines.size() < count && from > 0) continue;
        if (lines.size() > count) lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(count));
        return {std::move(lines), from + whole};
    }
}

}  // namespace

std::string LogFile::header(std::uint64_t number) { return std::string(title) + std::to_string(number) + "\n"; }

Result<LogFile> LogFile::open(int directory, const char* name) {
    auto fd = open_file(directory, name, O_RDONLY);
    if (!fd) return std::unexpected(std::move(fd.error()));
    LogFile file;
    struct stat about{};
    if (!*fd || ::fstat(fd->get(), &about) != 0) return file;
    file.fd = std::move(*fd);
    file.size = static_cast<std::uint64_t>(about.st_size);
    const auto first = file.read(0, title.size() + 21);
    const auto end = first.find('\n');
    if (!first.starts_with(title) || end == first.npos) return file;
    const auto number =
        model::whole_number<std::uint64_t>(std::string_view(first).substr(title.size(), end - title.size()));
    file.number = number.value_or(0);
    return file;
}

std::string LogFile::read(std::uint64_t offset, std::size_t bytes) const {
    std::string text(bytes, '\0');
    std::size_t done = 0;
    while (fd && done < bytes) {
        const auto got = ::pread(fd.get(), text.data() + done, bytes - done, static_cast<off_t>(offset + done));
        if (got <= 0) break;
        done += static_cast<std::size_t>(got);
    }
    text.resize(done);
    return text;
}

Result<LogFiles> LogFiles::open(int directory) {
    LogFiles files;
    for (int i = 0; i < tries; ++i) {
        auto before = LogFile::open(directory, log_before);
        auto now = LogFile::open(directory, log_now);
        if (!before) return std::unexpected(std::move(before.error()));
        if (!now) return std::unexpected(std::move(now.error()));
        files.before_ = std::move(*before);
        files.now_ = std::move(*now);
        const bool in_turn = files.before_.number == 0 || files.before_.number + 1 == files.now_.number;
        if (files.now_.number != 0 && in_turn) return files;
        if (files.now_.number == 0 && files.before_.number == 0) return files;  // nothing yet
    }
    // Nobody replaces them so fast: one of the two is missing or damaged. What is sound is shown.
    if (files.now_.number == 0) files.now_ = std::exchange(files.before_, LogFile());
    else files.before_ = LogFile();
    return files;
}

ConsoleLines LogFiles::tail(std::size_t count) const {
    ConsoleLines found;
    auto [lines, end] = last_lines(now_, count);
    if (now_.number != 0) found.next = ConsoleCursor(now_.number, end);
    if (before_.number != 0 && lines.size() < count) {
        found.lines = last_lines(before_, count - lines.size()).first;
        std::ranges::move(lines, std::back_inserter(found.lines));
    } else {
        found.lines = std::move(lines);
    }
    return found;
}

ConsoleLines LogFiles::after(ConsoleCursor from) const {
    ConsoleLines found;
    found.next = from;
    if (now_.number == 0) return found;
    const LogFile& oldest = before_.number != 0 ? before_ : now_;
    const LogFile* file = from.generation() == now_.number     ? &now_
                          : from.generation() == oldest.number ? &oldest
                                                               : nullptr;
    std::uint64_t offset = from.offset();
    if (file == nullptr || offset > file->size) {
        found.missed = from.generation() != 0;
        file = &oldest;
        offset = 0;
    }
    auto [lines, end] = lines_from(*file, offset);
    if (lines.empty() && file != &now_) {
        file = &now_;
        std::tie(lines, end) = lines_from(*file, 0);
    }
    found.lines = std::move(lines);
    found.next = ConsoleCursor(file->number, end);
    return found;
}

}  // namespace vmc::edge
