// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <vm_connection/command.hpp>
#include <vm_connection/outcome.hpp>

#include "flow/event.hpp"
#include "link/sink.hpp"
#include "link/wire.hpp"

namespace vmc::link {

/// How the caller of run() reaches the command while it runs. On the loop's thread.
class Control {
public:
    explicit Control(const boost::asio::any_io_executor& executor) : changed(executor) {}
    void cancel() {
        cancelled = true;
        changed.notify();
        if (guarded) guarded->notify();
    }
    /// Returns when it is cancelled.
    Async<void> cancellation();
    void send_signal(std::string name);
    void resize(int columns, int rows);

    bool cancelled = false;
    flow::Event changed;
    /// Where the guard of the running command waits: one event for all its reasons, because each further
    /// one costs an unwinding when the command ends.
    flow::Event* guarded = nullptr;
    /// The channel while there is one.
    port::Channel* channel = nullptr;
    /// Known when the command is over, also where its run() was unwound.
    Known may_have_run = Known::no;
};

/// Why we stop waiting for a command that has not ended.
enum class Doom { none, time_is_up, cancelled, silent_too_long, other_boot };

/// What is sent for a command.
class Request {
public:
    Request() = default;
    explicit Request(std::string l, std::string first = "") : line(std::move(l)), preface(std::move(first)) {}
    std::string line;     ///< of the exec request
    std::string preface;  ///< goes to its standard input before anything else
};

/// One command on one wire.
class Running {
public:
    Running(const Ports& ports, std::shared_ptr<Wire> wire, const Command& command, Request request, Sink& sink,
            Source* source, Control& control, Instant deadline, Instant answer_by);
    ~Running();

    /// To be called once. Sends the request, then moves events to the sink until the channel has closed, the
    /// connection has ended, or the exit status is 2 s old and nothing more came.
    Async<void> pump();
    /// Returns when there is a reason not to wait any longer.
    Async<Doom> doom();
    Async<void> granted_or_over();

    [[nodiscard]] bool over() const { return closed_ || error_ || output_open_; }
    /// The exit status or signal has been seen.
    [[nodiscard]] bool status_seen() const { return exit_ || signal_; }
    [[nodiscard]] bool sent() const { return sent_; }
    [[nodiscard]] bool granted() const { return channel_ != nullptr; }
    /// The request, or input that followed it, may still be delivered later.
    [[nodiscard]] bool may_be_delivered_later() const;
    [[nodiscard]] Known may_have_run() const;
    [[nodiscard]] const std::optional<Error>& error() const { return error_; }
    [[nodiscard]] port::Channel* channel() { return channel_.get(); }
    /// Among the live commands of its wire, in the order of their requests.
    [[nodiscard]] std::size_t index() const { return place_ ? place_->index() : 0; }
    /// The outcome of a command that is over().
    [[nodiscard]] Outcome::Ending ending() const;
    void count_into(Outcome& outcome) const;

private:
    Async<bool> request();
    Async<void> begin_input();
    Async<void> drain();
    void take(port::ChannelEvent event);
    Async<void> feed();

    const Ports& ports_;
    std::shared_ptr<Wire> wire_;
    const Command& command_;
    Request request_;
    Sink& sink_;
    Source* source_;
    Control& control_;
    Instant deadline_;
    Instant answer_by_;  // of the exec request

    std::unique_ptr<port::Channel> channel_;
    std::optional<Place> place_;
    std::optional<port::Data> held_;  // taken from the channel, not yet by the sink
    bool sent_ = false;
    bool fed_ = false;       // input bytes were written after the request
    bool input_done_ = false;
    bool closed_ = false;
    bool output_open_ = false;
    std::optional<Error> error_;
    std::optional<port::ExitStatus> exit_;
    std::optional<port::ExitSignal> signal_;
    flow::Event moved_;  // granted, or over
    Instant granted_at_{};
    Instant last_event_{};
    std::uint64_t out_bytes_ = 0;
    std::uint64_t err_bytes_ = 0;
};

}  // namespace vmc::link
