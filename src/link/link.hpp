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
#include "model/backoff.hpp"
#include "model/boot_story.hpp"
#include "model/end_process.hpp"
#include "model/flaps.hpp"
#include "model/link_state.hpp"
#include "model/sudo.hpp"

namespace vmc::link {

/// One host, held on to: connected, watched, connected again, commands run on it at most once.
/// What follows from what is decided in model/link_state; here it is carried out. Lives on the
/// executor's thread. close() must have returned before it is destroyed, and every run() and ask()
/// before close() is called. `tell` is called on that thread and must not block.
class Link {
public:
    Link(Ports ports, Target target, std::function<void(const Notice&)> tell);
    ~Link();

    /// Online, or why not: one attempt within the target's connect timeout. Once online, the link
    /// comes back by itself after every loss, until a hard stop or close().
    Async<Result<void>> connect();
    /// Drops what there is and makes up to `retries` attempts, `delay` apart. Zero: false at once.
    Async<bool> reconnect(int retries, Duration delay);

    /// At most once. Waits for a usable session for up to the connect timeout, never re-sends what
    /// may have left. `command`, `sink`, `source` and `control` outlive the call.
    Async<Outcome> run(const Command& command, Sink& sink, Source* source, Control& control);

    static constexpr std::size_t short_answer = std::size_t{256} * 1024;
    static constexpr std::size_t long_answer = std::size_t{4} * 1024 * 1024;
    /// Runs a probe script on the VM through `/bin/sh -s` and returns what it printed, at most `limit` bytes.
    /// `left` becomes true before the first byte of the script may have left.
    Async<Result<std::string>> ask(std::string script, Instant deadline, std::size_t limit = short_answer,
                                   bool* left = nullptr);
    /// The same through a shell that was started while the VM still could, where one is kept: once, then another is
    /// made ready. What the script starts may fail to start; builtins do not.
    Async<Result<std::string>> ask_rescue(std::string script, Instant deadline);
    [[nodiscard]] bool has_rescue() const { return rescue_wire() != nullptr; }
    /// The same over a connection of its own, made for it and closed after it.
    Async<Result<std::string>> ask_anew(std::string script, Instant deadline);
    /// A session of its own beside those there are, by a whole login; the caller closes it.
    Async<Result<std::unique_ptr<port::Session>>> log_in_anew(Instant deadline) { return second_session(deadline); }
    /// The same over a session of the caller's choice, which outlives the call.
    Async<Result<std::string>> ask_over(port::Session& session, std::string script, Instant deadline) {
        return ask_on(session, std::move(script), deadline);
    }
    Async<Result<model::Facts>> read_facts_over(port::Session& session, Instant deadline) {
        return read_facts_on(session, deadline);
    }
    /// The same for a script that goes on printing: both its streams as they come, until it ends. Fails with
    /// Code::lost also when its session has gone quiet and another has taken over. For scripts that may
    /// be asked twice. `sink` outlives the call.
    Async<Result<void>> stream(std::string script, Sink& sink, Instant deadline);
    /// Returns when no session has been usable for so long, from now on; a quiet one is not.
    Async<void> until_away_for(Duration span);
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
    /// How the session that was used last came to its end, if it has, and when.
    struct Ending {
        Error why;
        Instant at;
    };
    [[nodiscard]] const std::optional<Ending>& how_it_ended() const { return last_end_; }
    [[nodiscard]] const Approach::Step& latest_step() const { return approach_.latest_step(); }
    /// Returns when an attempt has begun a stage, or ended.
    Async<void> next_step() { return approach_.next_step(); }
    /// It came and went so often of late that each single loss means little.
    [[nodiscard]] bool is_flapping() const { return flaps_.is_flapping(ports_.clock.now()); }
    void held_by(Approach::Hold what) { approach_.held_by(what); }
    /// Also a first attempt parks on a connection that was accepted and stays silent.
    void be_patient(bool yes) { patient_ = yes; }

private:
    // link.cpp: carrying out what the state machine says
    void feed(const model::LinkEvent& event);
    Async<void> keep_time();
    Async<void> keep_connecting();
    void attempt_ended(Result<std::unique_ptr<port::Session>> reached);
    Async<bool> one_attempt();
    [[nodiscard]] Instant retry_at(const Error& why);
    void tell(Notice::Kind kind, std::string text);
    void tell_state(const model::LinkEvent& because);
    [[nodiscard]] bool usable() const { return current_ && current_->usable(); }

    // wires.cpp: the sessions of this link
    void adopt(std::unique_ptr<port::Session> session);
    Async<void> watch(std::shared_ptr<Wire> wire);
    Async<void> see_end(std::shared_ptr<Wire> wire);
    Async<void> learn(std::shared_ptr<Wire> wire, Duration after);
    Async<Result<model::Facts>> facts_of(std::shared_ptr<Wire> wire);
    void learnt(const std::shared_ptr<Wire>& wire, model::Facts facts, Instant asked);
    void suspicion_changed(const std::shared_ptr<Wire>& wire, model::Liveness judged);
    void compare_boots(const std::shared_ptr<Wire>& wire);
    void drop_idle_wires();

    // run.cpp: commands
    struct Guard {
        Doom doom = Doom::none;
        Known killed = Known::unknown;
        bool in_time = false;
    };
    Async<Result<std::shared_ptr<Wire>>> usable_wire(Instant deadline, Control* control);
    Async<Outcome::Ending> run_on(const Command& command, Sink& sink, Source* source, Control& control,
                                  Instant deadline, Instant patience, Outcome& counted);
    Async<Outcome::Ending> watch_over(Running& running, const std::shared_ptr<Wire>& wire, const Command& command);
    Async<void> stand_guard(Running& running, const std::shared_ptr<Wire>& wire, Guard& guard);
    static void settle(const Running& running, const std::shared_ptr<Wire>& wire);

    // sudo.cpp: commands that go through it
    Async<std::optional<Error>> ask_sudo(const Command& command, Control& control, Instant until);
    Async<Result<model::SudoGrant>> ask_sudo_on(std::shared_ptr<Wire> wire, std::string password, Control& control,
                                                Instant until);
    [[nodiscard]] bool sudo_known_for(const Command& command) const;
    [[nodiscard]] static bool passes(Code code);
    [[nodiscard]] Result<Request> request_for(const Command& command) const;

    // end_process.cpp: real timeouts
    Async<Known> end_process(Running& running, const std::shared_ptr<Wire>& wire);
    struct Beside {
        explicit Beside(const boost::asio::any_io_executor& executor) : done(executor) {}
        std::optional<Result<std::unique_ptr<port::Session>>> result;
        flow::Event done;
    };
    Async<Result<std::unique_ptr<port::Session>>> second_session(Instant deadline);
    Async<void> log_in_beside(std::weak_ptr<Beside> wanted, Instant deadline);
    Async<std::optional<Known>> end_over(port::Session& session, model::EndOrder order, bool last);

    // ask.cpp: probes
    struct Told {
        Told() = default;
        Told(std::string words, std::string key, std::shared_ptr<Wire> wire)
            : text(std::move(words)), host_key(std::move(key)), over(std::move(wire)) {}
        std::string text;
        std::string host_key;  // of the session it came over
        std::shared_ptr<Wire> over;  // empty: over one of its own
    };
    Async<Result<Told>> ask_over_any(std::string script, Instant deadline, std::size_t limit, bool* left = nullptr);
    Async<Result<std::string>> ask_on(port::Session& session, std::string script, Instant deadline,
                                      std::size_t limit = short_answer, bool* left = nullptr);
    static Async<Result<std::string>> ask_unlimited(port::Session& session, std::string script, Instant deadline,
                                                    std::size_t limit, bool* left);
    static Async<Result<std::string>> converse(port::Channel& channel, std::string script, std::size_t limit);
    Async<void> keep_rescue(std::shared_ptr<Wire> wire);
    Async<bool> keep_one_rescue(std::shared_ptr<Wire> wire);
    Async<void> attend_rescue(port::Channel& channel, const std::shared_ptr<Wire>& wire);
    [[nodiscard]] std::shared_ptr<Wire> rescue_wire() const;
    Async<void> pour(port::Channel& channel, Sink& sink, Result<void>& ended);
    Async<void> until_passed_over(std::shared_ptr<Wire> wire);
    Async<Result<model::Facts>> read_facts_on(port::Session& session, Instant deadline);

    Ports ports_;
    Target target_;
    std::function<void(const Notice&)> tell_;
    Approach approach_;
    flow::TaskScope scope_;
    flow::Event changed_;  // anything below

    model::LinkState state_;
    model::Backoff backoff_;
    std::optional<Instant> timer_;  // set_timer
    bool connect_wanted_ = false;  // start_connect … cancel_connect
    bool attempting_ = false;  // keep_connecting() runs
    bool timing_ = false;  // keep_time() runs
    int attempts_ended_ = 0;
    std::optional<Error> last_error_;
    std::optional<Ending> last_end_;
    model::Flaps flaps_;

    std::shared_ptr<Wire> current_;
    std::vector<std::shared_ptr<Wire>> wires_;  // all that have not ended, current_ among them
    model::BootsSeen boots_seen_;
    Instant learnt_at_{};  // when the last came
    struct KnownSudo {
        model::SudoGrant grant;
        std::string password;  // that it was found with
    };
    std::optional<KnownSudo> sudo_;  // of the current wire
    bool asking_sudo_ = false;
    int wires_made_ = 0;
    int disturbances_ = 0;  // suspicions, ends and replacements so far
    bool patient_ = false;
    bool closed_ = false;
};

}  // namespace vmc::link
