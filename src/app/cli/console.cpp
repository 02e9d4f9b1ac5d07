// SPDX-License-Identifier: Apache-2.0
#include "app/cli/console.hpp"

#include <unistd.h>

#include <algorithm>

#include "app/cli/streams.hpp"
#include "app/cli/terminal.hpp"
#include "model/escape.hpp"

namespace vmc::cli {

namespace {

/// A reader that never reads our stderr must not make us grow: beyond this, news is dropped.
constexpr std::size_t patience = 2 * Outlet::high_water;

}  // namespace

std::string one_line(std::string_view text) {
    auto line = model::escape_for_terminal(text);
    std::erase(line, '\r');
    while (line.ends_with('\n')) line.pop_back();
    for (auto at = line.find('\n'); at != line.npos; at = line.find('\n', at)) line.replace(at, 1, "\\n");
    return line;
}

std::string wrapped(const std::string& text, std::size_t column, std::size_t width) {
    constexpr std::size_t narrowest = 20;
    if (width < column + narrowest) return text;
    std::string result;
    std::size_t used = 0;
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find(' ', at), text.size());
        const auto length = end - at;
        if (used > 0 && column + used + 1 + length > width) {
            result += "\n" + std::string(column, ' ');
            used = 0;
        } else if (used > 0) {
            result += ' ';
            ++used;
        }
        result.append(text, at, length);
        used += length;
        at = end + 1;
    }
    return result;
}

void tell(std::string_view text) {
    auto& err = streams().err();
    if (err.waiting() > patience) return;
    constexpr std::string_view who = "vmc: ";
    auto line = std::string(who) + wrapped(one_line(text), who.size(), Terminal::width(STDERR_FILENO)) + "\n";
    // A raw terminal does not turn a line feed into a new line.
    if (Terminal::is_raw())
        for (auto at = line.find('\n'); at != line.npos; at = line.find('\n', at + 2)) line.replace(at, 1, "\r\n");
    err.put(line);
}

std::string line_of(const Error& error) {
    auto line = error.line();
    const auto& words = error.peer_words();
    if (!words.empty() && line.find(words) == line.npos) line += "; it said: " + words;
    return line;
}

void Console::fail(std::string_view line) const { tell(host_ + ": " + std::string(line)); }

void Console::say(std::string_view line) const {
    if (loudness_ != Loudness::quiet) fail(line);
}

std::string Console::last_reason() const {
    std::lock_guard lock(mutex_);
    return last_reason_;
}

bool Console::is_worth_telling(Notice::Kind kind) const {
    if (loudness_ == Loudness::verbose) return true;
    switch (kind) {
        case Notice::Kind::connecting:
        case Notice::Kind::ended: return false;  // what follows from it is told
        case Notice::Kind::online:
        case Notice::Kind::waiting:
        case Notice::Kind::stopped: return was_online();
        default: return true;
    }
}

void Console::hear(const Notice& notice) {
    // "…; next attempt in 499 ms", twice a second while a VM boots: the same reason again is no news.
    const auto reason = notice.kind == Notice::Kind::waiting ? notice.text.substr(0, notice.text.find("; next")) : "";
    bool again = false;
    {
        std::lock_guard lock(mutex_);
        again = !reason.empty() && reason == last_reason_ && loudness_ != Loudness::verbose;
        if (!reason.empty() || notice.kind == Notice::Kind::online) last_reason_ = reason;
    }
    if (is_worth_telling(notice.kind) && !again) say(notice.text);
    if (notice.kind == Notice::Kind::online) was_online_ = true;
}

}  // namespace vmc::cli
