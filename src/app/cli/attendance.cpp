// SPDX-License-Identifier: Apache-2.0
#include "app/cli/attendance.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <unistd.h>

#include "app/cli/signals.hpp"
#include "app/cli/terminal.hpp"

namespace vmc::cli {

namespace {

/// How far our stdin may be read ahead of what the VM takes.
constexpr std::size_t input_ahead = 1024 * 1024;
/// Nothing tells us when the VM has taken some; at this pace 1 MiB makes 500 MB/s.
constexpr Duration input_look = std::chrono::milliseconds(2);
/// For the VM to confirm the end of a command whose time is up: a second session, TERM, KILL.
constexpr Duration end_within = std::chrono::seconds(5);

bool gone(int error) { return error == EPIPE; }

}  // namespace

Attendance::Attendance(Contact& contact, Form form, bool forward_input)
    : contact_(contact), vm_(contact.vm()), lookout_(contact), form_(form), input_open_(forward_input) {}

Attendance::~Attendance() {
    streams().out().when_room({});
    streams().err().when_room({});
    Terminal::restore();
}

bool Attendance::take(Stream stream, std::string_view bytes) {
    (stream == Stream::out ? out_bytes_ : err_bytes_) += bytes.size();
    if (form_ == Form::json)
        return streams().out().put((stream == Stream::out ? out_events_ : err_events_).feed(bytes));
    return (stream == Stream::out ? streams().out() : streams().err()).put(bytes);
}

Outcome Attendance::run(Command command, Instant deadline) {
    if (deadline < never) leave_at_ = deadline + end_within;
    if (command.pty() && input_open_) Terminal::make_raw();
    const auto output = [this](Stream stream, std::string_view bytes) { return take(stream, bytes); };
    run_ = vm_.run(std::move(command), output, input_open_);
    const auto room = [run = *run_]() mutable { run.resume_output(); };
    streams().out().when_room(room);
    streams().err().when_room(room);
    auto outcome = run_->outcome();
    outcome.on_done([] { bell().ring(); });
    while (!outcome.ready()) {
        look_after();
        if (now() >= leave_at_) return leave(outcome);
        const bool may_read = input_open_ && run_->input_waiting() < input_ahead;
        const Instant until = std::min(leave_at_, lookout_.until());
        const Duration pause = input_open_ && !may_read ? input_look : left_until(until);
        if (outcome.ready()) break;
        if (bell().wait(may_read ? STDIN_FILENO : -1, pause)) feed();
    }
    Terminal::restore();
    if (form_ == Form::json) print(out_events_.finish() + err_events_.finish());
    return outcome.get();
}

/// Nothing is heard of the VM any more. Closing the link throws away what it might still deliver.
Outcome Attendance::leave(Task<Outcome> outcome) {
    Terminal::restore();
    lookout_.stop();
    vm_.close().wait();
    const auto closed = outcome.get();
    const auto* late = closed.as<TimedOut>();
    Outcome told = cancelled_ ? closed : Outcome(TimedOut{late != nullptr ? late->killed : Known::unknown, {}});
    told.stdout_bytes = out_bytes_;
    told.stderr_bytes = err_bytes_;
    return told;
}

void Attendance::look_after() {
    if (const auto word = lookout_.word()) contact_.console().say(*word);
    const bool unwanted = Signals::wish() != 0 || streams().out().broken();
    if (unwanted && !cancelled_) {
        cancelled_ = true;
        leave_at_ = std::min(leave_at_, now() + end_within);
        run_->cancel();
    }
    if (Signals::window_changed()) {
        const Pty pty = Terminal::describe();
        run_->resize(pty.columns, pty.rows);
    }
}

void Attendance::feed() {
    std::array<char, 65536> piece{};
    const auto got = ::read(STDIN_FILENO, piece.data(), piece.size());
    if (got > 0) {
        run_->write(std::string(piece.data(), static_cast<std::size_t>(got)));
    } else if (got == 0 || (errno != EINTR && errno != EAGAIN)) {
        input_open_ = false;
        run_->close_input();
    }
}

std::optional<Failure> settle_output(const Outcome& outcome, Instant deadline) {
    const bool ordinary = (outcome.as<Exited>() || outcome.as<Signalled>()) && Signals::wish() == 0;
    if (!ordinary) streams().abandon();
    auto& out = streams().out();
    const bool taken = streams().settle(deadline);
    streams().abandon();
    if (const int signal = Signals::wish(); signal != 0) return Failure(128 + signal, "interrupted: " + outcome.line());
    if (gone(out.why_broken())) return Failure(128 + SIGPIPE, "");
    if (out.broken())
        return Failure(model::exit_own_failure, "stdout: " + std::string(std::strerror(out.why_broken())));
    if (taken || !ordinary) return std::nullopt;
    return Failure(model::exit_timed_out, outcome.line() + ", but " + std::to_string(out.waiting()) +
                                              " bytes of its output were not read in time");
}

}  // namespace vmc::cli
