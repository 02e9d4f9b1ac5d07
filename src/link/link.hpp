// SPDX-License-Identifier: Apache-2.0
// Keeps hold of one host.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <vm_connection/boot.hpp>
#include <vm_connection/command.hpp>
#include <vm_connection/notice.hpp>
#include <vm_connection/outcome.hpp>
#include <vm_connection/target.hpp>

#include "flow/event.hpp"
#include "flow/task_scope.hpp"
#include "link/approach.hpp"
#include "link/ports.hpp"
#include "link/running.hpp"
#include "link/sink.hpp"
#include "link/wire.hpp"
#include "model/end_process.hpp"
#include "model/link_state.hpp"

namespace vmc::link {

/// One host, held on to: connected, watched, connected again, commands run on it at most once.
/// Lives on the executor's thread. close() must have returned before it is destroyed, and every
/// run() and ask() before close() is called. `tell` is called on that thread and must not block.
class Link {
public:
    Link(Ports ports, Target target, std::function<void(const Notice&)> tell);
    ~Link();

    /// Online, or why not: one attempt within the target's connect timeout.
    Async<Result<void>> connect();
    /// Drops what there is and makes up to `retries` attempts, `delay` apart. Zero: false at once.
    Async<bool> reconnect(int retries, Duration delay);
    /// From now on comes back by itself after a loss, until a hard stop or close().
    void keep_connected();

    /// At most once. Waits for the link for up to the connect timeout, never re-sends what may have left.
    Async<Outcome> run(const Command& command, Sink& sink, Source* source, Control& control);

    /// Runs a probe script on the VM through `/bin/sh -s` and returns what it printed (at most 256 KiB).
    Async<Result<std::string>> ask(std::string script, Instant deadline);
    /// The VM's identity, boot and incarnation, read now.
    Async<Result<model::Facts>> read_facts(Instant deadline);

    /// Ends everything in order; at most 1 s.
    Async<void> close();

    [[nodiscard]] const model::LinkState& state() const { return state_; }
    [[nodiscard]] const Target& target() const { return target_; }
    /// The session new commands would use; nullptr while there is none.
    [[nodiscard]] std::shared_ptr<Wire> current() const { return current_; }
    [[nodiscard]] std::size_t wires() const { return wires_.size(); }
    [[nodiscard]] std::size_t tasks() const { return scope_.running(); }
    [[nodiscard]] const std::optional<Error>& last_error() const { return last_error_; }
    void ignore_breaker(bool yes) { approach_.ignore_breaker(yes); }

private:
    // link.cpp: staying connected
    Async<void> keep();
    Async<bool> pause_before_attempt(Duration pause);
    Async<Result<void>> attempt(bool may_park);
    void adopt(std::unique_ptr<port::Session> session);
    Async<void> watch(std::shared_ptr<Wire> wire);
    Async<void> see_end(std::shared_ptr<Wire> wire);
    Async<void> learn(std::shared_ptr<Wire> wire, Duration after);
    void suspicion_changed(const std::shared_ptr<Wire>& wire, const std::string& because);
    void compare_boots(const std::shared_ptr<Wire>& wire);
    void drop_idle_wires();
    void move_to(model::LinkState next);
    void tell(Notice::Kind kind, std::string text);
    [[nodiscard]] bool usable() const { return current_ && current_->usable(); }

    // run.cpp: commands
    Async<Result<std::shared_ptr<Wire>>> usable_wire(Instant deadline, Control* control);
    struct Guard {
        Doom doom = Doom::none;
        Known killed = Known::unknown;
    };
    Async<Outcome::Ending> watch_over(Running& running, const std::shared_ptr<Wire>& wire, const Command& command);
    Async<void> stand_guard(Running& running, const std::shared_ptr<Wire>& wire, Guard& guard);
    void settle(const Running& running, const std::shared_ptr<Wire>& wire);

    // end_process.cpp: real timeouts
    Async<Known> end_process(Running& running, const std::shared_ptr<Wire>& wire);
    Async<std::optional<Known>> end_over(port::Session& session, model::EndOrder order);
    [[nodiscard]] static std::string own_view(const port::Session& session);

    // ask.cpp: probes
    Async<Result<std::string>> ask_on(port::Session& session, std::string script, Instant deadline);
    Async<Result<std::string>> ask_unlimited(port::Session& session, std::string script, Instant deadline);

    Ports ports_;
    Target target_;
    std::function<void(const Notice&)> tell_;
    Approach approach_;
    flow::TaskScope scope_;
    flow::Event changed_;
    model::LinkState state_;
    std::shared_ptr<Wire> current_;
    std::vector<std::shared_ptr<Wire>> wires_;  // all that have not ended, current_ among them
    std::optional<model::Facts> last_facts_;
    std::optional<Error> last_error_;
    int wires_made_ = 0;
    int disturbances_ = 0;  // suspicions and replacements so far
    bool keeping_ = false;
    bool attempting_ = false;
    bool stopped_ = false;
};

}  // namespace vmc::link
