// SPDX-License-Identifier: Apache-2.0
// One authenticated connection, what is known of it, and who uses it now.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "flow/event.hpp"
#include "link/ports.hpp"
#include "model/facts.hpp"
#include "model/liveness.hpp"
#include "port/transport.hpp"

namespace vmc::link {

/// sshd's MaxSessions is 10 by default; two are left for probes and for ending commands.
inline constexpr std::size_t channels_per_wire = 8;

/// A script for the shell that is kept ready.
struct RescueOrder {
    RescueOrder(std::string what, Instant until, const boost::asio::any_io_executor& executor)
        : script(std::move(what)), deadline(until), done(executor) {}
    std::string script;
    Instant deadline;
    std::optional<Result<std::string>> answer;
    flow::Event done;
};

class Wire {
public:
    Wire(const Ports& ports, std::unique_ptr<port::Session> session, int number);

    // Constant after construction.
    const int number;  ///< 1, 2, …: how many connections this link has had
    const std::unique_ptr<port::Session> session;

    // Written by the watch and by the link; everyone else reads.
    std::optional<Instant> suspect_since;
    std::optional<Error> ended;
    std::optional<model::Facts> facts;  ///< read once, soon after login
    bool other_boot = false;            ///< proven: the kernel this wire led to is gone

    /// Notified after every change of the four above, and when a command starts or ends.
    flow::Event changed;

    /// Commands on this wire in the order their requests were sent; the number tells them apart.
    std::list<std::uint64_t> live;
    /// Called when one is added: a watch that sleeps long looks sooner while commands run.
    void became_busy();
    /// Those of them that are commands, the shell that is kept ready not counted.
    [[nodiscard]] std::size_t commands() const { return live.size() - (rescue_place ? 1 : 0); }
    int held = 0;  ///< no new commands while this is not 0
    /// The shell that is kept ready (Target::rescue_shell()), by who keeps it: it has a place among the live; it waits
    /// for a script. By who needs it: the script. By who is refused a channel: do without.
    bool rescue_kept = false;
    bool rescue_place = false;
    bool rescue_ready = false;
    std::shared_ptr<RescueOrder> rescue_order;
    bool rescue_unwanted = false;
    /// True while a command holds bytes back, see port::Session::paused().
    [[nodiscard]] bool usable() const;
    [[nodiscard]] bool suspect() const { return suspect_since.has_value(); }
    /// What $SSH_CONNECTION reads on the VM when nothing translates addresses between us; empty behind
    /// a proxy command.
    [[nodiscard]] std::string own_view() const;
    /// Proven: our TCP ends at somebody who forwards it, and what TCP says does not speak of the VM.
    [[nodiscard]] bool is_forwarded() const;

    /// Keeps judging the wire until it has ended: sends keepalives, sets suspect_since.
    /// `on_change` is called after each change of suspicion.
    Async<void> watch(std::function<void(model::Liveness)> on_change);
    /// Returns when the session has ended; sets `ended`.
    Async<void> await_end();

private:
    [[nodiscard]] model::Signs signs() const;

    port::Clock& clock_;
    flow::Event look_;  // the watch sleeps on it
    bool sleeps_long_ = true;  // no command has run for a while
};

/// Holds a place among the live commands of a wire.
class Place {
public:
    explicit Place(std::shared_ptr<Wire> wire, std::uint64_t id);
    ~Place();
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    /// This command's index among those that run, in the order of their requests.
    [[nodiscard]] std::size_t index() const;

private:
    std::shared_ptr<Wire> wire_;
    std::uint64_t id_;
};

}  // namespace vmc::link
