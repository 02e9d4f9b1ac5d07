// SPDX-License-Identifier: Apache-2.0
#include "link/running.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "base/ensure.hpp"
#include "flow/deadline.hpp"

namespace vmc::link {

namespace {

/// After the exit status a background child may keep the output open; it does not hold us longer
/// than this without a byte (DESIGN: `sleep 30 & echo hi` returns within 3 s).
constexpr Duration output_open_after = std::chrono::seconds(2);
/// sshd grants a request before its child has become the command, some milliseconds: who kills the session in that
/// instant kills it unborn. A connection that says something a second later has outlived that.
constexpr Duration has_begun_after = std::chrono::seconds(1);

}  // namespace

Async<void> Control::cancellation() {
    while (!cancelled) co_await changed.wait();
}

void Control::send_signal(std::string name) {
    if (channel) channel->send_signal(std::move(name));
}

void Control::resize(int columns, int rows) {
    if (channel) channel->resize(columns, rows);
}

Running::Running(const Ports& ports, std::shared_ptr<Wire> wire, const Command& command, Request request, Sink& sink,
                 Source* source, Control& control, Instant deadline, Instant answer_by)
    : ports_(ports), wire_(std::move(wire)), command_(command), request_(std::move(request)), sink_(sink),
      source_(source), control_(control), deadline_(deadline), answer_by_(answer_by), moved_(ports.executor) {
    control_.guarded = &wire_->changed;
}

Running::~Running() {
    control_.channel = nullptr;
    control_.guarded = nullptr;
    control_.may_have_run = may_have_run();
}

Async<void> Running::pump() {
    const bool granted = co_await request();
    moved_.notify();
    if (!granted) co_return;
    if (source_ && !input_done_) {
        using namespace boost::asio::experimental::awaitable_operators;
        auto both = drain() || feed();
        co_await std::move(both);
    } else {
        co_await drain();
    }
}

Async<bool> Running::request() {
    place_.emplace(wire_, reinterpret_cast<std::uintptr_t>(this));
    auto opened = co_await wire_->session->exec(std::move(request_.line), command_.pty(), answer_by_, &sent_);
    if (!opened) {
        error_ = opened.error();
        co_return false;
    }
    channel_ = std::move(*opened);
    control_.channel = channel_.get();
    last_event_ = granted_at_ = ports_.clock.now();
    co_await begin_input();
    co_return true;
}

/// A command that is over already refuses input; how it ended is still to be read.
Async<void> Running::begin_input() {
    if (!request_.preface.empty()) {
        fed_ = true;
        auto written = co_await channel_->write(std::move(request_.preface));
        static_cast<void>(written);
    }
    if (source_ || command_.pty()) co_return;
    auto eof = co_await channel_->send_eof();
    static_cast<void>(eof);
    input_done_ = true;
}

Async<void> Running::drain() {
    while (!over()) {
        if (held_) {
            co_await sink_.ready();
            sink_.take(held_->stream, std::move(held_->bytes));
            held_.reset();
        }
        std::optional<Result<port::ChannelEvent>> event;
        if (status_seen()) {
            event = co_await flow::until(ports_.clock, last_event_ + output_open_after, channel_->next());
            if (!event) {
                output_open_ = true;
                co_return;
            }
        } else {
            event = co_await channel_->next();
        }
        last_event_ = ports_.clock.now();
        if (!event->has_value()) {
            error_ = event->error();
            co_return;
        }
        take(std::move(**event));
    }
}

void Running::take(port::ChannelEvent event) {
    if (auto* data = std::get_if<port::Data>(&event)) {
        (data->stream == port::Stream::out ? out_bytes_ : err_bytes_) += data->bytes.size();
        held_ = std::move(*data);
    } else if (auto* status = std::get_if<port::ExitStatus>(&event)) {
        exit_ = *status;
    } else if (auto* signal = std::get_if<port::ExitSignal>(&event)) {
        signal_ = std::move(*signal);
    } else if (std::holds_alternative<port::ChannelClosed>(event)) {
        closed_ = true;
    }
}

/// Moves input to the command. Never returns by itself, so that only the output ends the command.
Async<void> Running::feed() {
    while (!input_done_) {
        auto bytes = co_await source_->read();
        if (!bytes) {
            input_done_ = true;
            // A refused end of file means the connection is over; the output side says why.
            if (!command_.pty()) (void)co_await channel_->send_eof();
            break;
        }
        fed_ = true;
        auto written = co_await channel_->write(std::move(*bytes));
        if (!written) break;
    }
    co_await ports_.clock.sleep_until(never);
}

Async<void> Running::granted_or_over() {
    while (!granted() && !over()) co_await moved_.wait();
}

Async<Doom> Running::doom() {
    for (;;) {
        if (control_.cancelled) co_return Doom::cancelled;
        if (wire_->other_boot) co_return Doom::other_boot;
        const Instant now = ports_.clock.now();
        if (now >= deadline_) co_return Doom::time_is_up;
        Instant next = deadline_;
        if (wire_->suspect_since) {
            const Instant given_up = *wire_->suspect_since + command_.lost_after();
            if (now >= given_up) co_return Doom::silent_too_long;
            next = std::min(next, given_up);
        }
        co_await flow::finishes(ports_.clock, next, wire_->changed.wait());
    }
}

bool Running::may_be_delivered_later() const {
    if (status_seen() || closed_) return false;
    // What was sent may be delivered for as long as the connection lives. Bytes that the VM has
    // acknowledged already are beyond recall: a frozen sshd still reads them when it thaws, also
    // behind a RST. Hence may_have_run is unknown then, never no (doc/decisions/005).
    const bool refused = error_ && error_->code() == Code::channel_refused;
    if (sent_ && !channel_ && !refused) return true;
    return fed_ && wire_->session->has_undelivered();
}

Known Running::may_have_run() const {
    if (!channel_) return sent_ ? Known::unknown : Known::no;
    const bool spoke = out_bytes_ + err_bytes_ > 0 || status_seen();
    const bool outlived = wire_->session->last_received() >= granted_at_ + has_begun_after;
    return spoke || outlived ? Known::yes : Known::unknown;
}

Outcome::Ending Running::ending() const {
    // A status is the truth even when the connection broke right behind it.
    if (exit_) return Exited{static_cast<int>(exit_->code), !closed_ && !error_};
    if (signal_) return Signalled{signal_->name, signal_->core_dumped};
    if (error_) {
        // Only the server's own no to the request proves that it did not start; that the connection
        // ended, also by our own doing for another command's sake, proves nothing.
        const bool refused = !channel_ && error_->code() == Code::channel_refused;
        if (may_have_run() == Known::no || refused) return Refused{*error_};
        return Lost{may_have_run(), *error_};
    }
    ensure(closed_, "a command that ended has a status, an error or a closed channel");
    return Lost{may_have_run(), Error(Code::no_status, Stage::command,
                                      "the server closed the channel without saying how the command ended")};
}

void Running::count_into(Outcome& outcome) const {
    outcome.stdout_bytes = out_bytes_;
    outcome.stderr_bytes = err_bytes_;
    if (wire_->facts) outcome.boot_id = wire_->facts->boot_id.text();
}

}  // namespace vmc::link
