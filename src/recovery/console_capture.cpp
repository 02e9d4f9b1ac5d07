// SPDX-License-Identifier: Apache-2.0
#include "recovery/console_capture.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "flow/deadline.hpp"
#include "model/escape.hpp"

namespace vmc::recovery {

namespace {

/// A prompt has no end of its own: after so long without a byte, what there is of a line is one.
constexpr Duration quiet = std::chrono::milliseconds(300);
constexpr Duration open_within = std::chrono::seconds(10);
/// One that ended sooner after its beginning is begun again at an ever slower pace.
constexpr Duration steady = std::chrono::seconds(10);
/// Standing by: the one who captures is seen to end, but for a file system that does not tell.
constexpr Duration console_each = std::chrono::seconds(10);

constexpr Duration settled = std::chrono::milliseconds(50);

Error nothing_more() { return Error(Code::cancelled, Stage::none, "no more now"); }

}  // namespace

ConsoleCapture::~ConsoleCapture() {
    if (!locked_) return;
    (void)flush();
    log_.unlock();
}

Async<Error> ConsoleCapture::keep() {
    for (;;) {
        auto ours = log_.lock();
        if (!ours) co_return std::move(ours.error());
        locked_ = *ours;
        if (locked_) break;
        co_await log_.wait_for_change(clock_.now() + console_each);
        // Of a process that was killed, the file is seen to be closed a moment before its lock is free.
        co_await clock_.sleep_until(clock_.now() + settled);
    }
    for (;;) {
        const Instant began = clock_.now();
        auto opened = co_await open();
        Error why = nothing_more();
        if (opened) why = co_await read_on(never, false);
        else why = std::move(opened.error());
        if (log_failed_ || why.code() == Code::bad_request) co_return why;
        if (auto noted = note_ending(why); !noted) co_return std::move(noted.error());
        if (clock_.now() - began >= steady) backoff_.reset();
        const Instant next = clock_.now() + backoff_.next(random_.draw());
        co_await console_.wait_for_change(next);
        // Something came: it may be the socket that is made and will be served a moment later.
        if (clock_.now() < next) backoff_.reset();
    }
}

Async<Result<void>> ConsoleCapture::listen(Duration span) {
    auto ours = log_.lock();
    if (!ours) co_return std::unexpected(std::move(ours.error()));
    locked_ = *ours;
    if (!locked_) co_return Result<void>();
    auto opened = co_await open();
    if (!opened) co_return opened;
    Error why = co_await read_on(clock_.now() + span, true);
    auto flushed = flush();
    if (!flushed) co_return flushed;
    if (why.code() == Code::cancelled) co_return Result<void>();
    if (log_failed_) co_return std::unexpected(std::move(why));
    co_return note_ending(why);
}

Async<Result<void>> ConsoleCapture::open() {
    auto place = log_.place();
    if (!place) {
        log_failed_ = true;
        co_return std::unexpected(std::move(place.error()));
    }
    auto opened = co_await console_.open(*place, clock_.now() + open_within);
    if (!opened) co_return opened;
    const bool another = !opened_before_ && !place->empty() && console_.place() != *place;
    opened_before_ = true;
    if (another) co_return note(console_.told() + ": is not what was read before; read from its beginning");
    // What was printed while nobody listened is missing, but from a console that remembers: say since when we do.
    const bool may_lack = console_.place().empty();
    if (may_lack && silent_because_.empty()) co_return note("listening to " + console_.told());
    co_return Result<void>();
}

Async<Error> ConsoleCapture::read_on(Instant until, bool once) {
    for (;;) {
        if (once && console_.is_at_end() && !splitter_.holds()) co_return nothing_more();
        const Instant prompt = splitter_.holds() ? last_byte_ + quiet : never;
        auto reading = console_.next();
        auto got = co_await flow::until(clock_, std::min(until, prompt), std::move(reading));
        if (!got) {
            if (auto flushed = flush(); !flushed) co_return std::move(flushed.error());
            if (clock_.now() >= until) co_return nothing_more();
            continue;
        }
        if (!*got) co_return std::move(got->error());
        if (auto taken = take(**got); !taken) co_return std::move(taken.error());
    }
}

Result<void> ConsoleCapture::take(const std::string& bytes) {
    if (!silent_because_.empty()) {
        silent_because_.clear();
        if (auto noted = note("listening to " + console_.told()); !noted) return noted;
    }
    last_byte_ = clock_.now();
    return write(splitter_.feed(bytes, clock_.wall_now()));
}

Result<void> ConsoleCapture::flush() {
    auto rest = splitter_.flush();
    if (!rest) return {};
    return write({std::move(*rest)});
}

Result<void> ConsoleCapture::write(const std::vector<ConsoleLine>& lines) {
    auto done = log_.append(lines);
    const auto place = console_.place();
    if (done && !splitter_.holds() && !place.empty()) done = log_.keep_place(place);
    if (!done) log_failed_ = true;
    return done;
}

Result<void> ConsoleCapture::note(const std::string& text) {
    ConsoleLine line;
    line.at = clock_.wall_now();
    line.text = model::escape_for_terminal(text);
    std::ranges::replace(line.text, '\n', ' ');
    line.note = true;
    auto done = log_.append({std::move(line)});
    if (!done) log_failed_ = true;
    return done;
}

Result<void> ConsoleCapture::note_ending(const Error& why) {
    if (auto flushed = flush(); !flushed) return flushed;
    if (why.message() == silent_because_) return {};
    silent_because_ = why.message();
    return note(why.message());
}

}  // namespace vmc::recovery
