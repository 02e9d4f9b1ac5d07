// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <vm_connection/notice.hpp>
#include <vm_connection/target.hpp>

#include "flow/event.hpp"
#include "link/ports.hpp"
#include "model/etiquette.hpp"

namespace vmc::link {

using Tell = std::function<void(Notice::Kind, std::string)>;

/// Reaches one host, politely: asks the authentication breaker and the etiquette first, both of
/// which other processes of ours share, waits for its turn at the door, and parks on a connection
/// that was accepted and stays silent. One attempt a call. Outlives its attempts.
class Approach {
public:
    Approach(const Ports& ports, const Target& target, Tell tell);

    /// One attempt. `deadline` ends it while nothing has accepted us; when `may_park`, a
    /// connection accepted by then may stay silent for up to 15 min, and from sshd's first word on for 110 s
    /// (below its LoginGraceTime of 120 s): it is the attempt. Behind a forwarder 110 s in all.
    Async<Result<std::unique_ptr<port::Session>>> reach(Instant deadline, bool may_park);

    /// Not before this may the next attempt begin without breaking the etiquette.
    [[nodiscard]] Instant may_connect_at() const;
    /// What may hold an attempt back: both; the etiquette alone, for whoever waits for a VM in its first
    /// boot, which denies everybody; nothing, for a person who insists (`--retry-auth`).
    enum class Hold { both, etiquette, none };
    void held_by(Hold what) { holds_ = what; }

    /// Returns when no attempt is between being accepted and the login's end: leaving then would be
    /// held against us.
    Async<void> no_login_under_way();

    /// How far the attempt that moved last has come, since when, and when its peer last said anything.
    struct Step {
        Stage stage = Stage::none;
        Instant since;
        Instant heard;
    };
    [[nodiscard]] const Step& latest_step() const { return logins_->latest; }
    Async<void> next_step();

private:
    class Progress;
    /// Logins under way; may be read by attempts that outlive us.
    struct Logins {
        explicit Logins(const boost::asio::any_io_executor& executor) : changed(executor) {}
        int under_way = 0;
        Step latest;
        flow::Event changed;
    };

    /// What an attempt has waited for, in the order it was taken.
    struct Turn {
        std::optional<Doors::Pass> vm, bastion, pace;
    };

    /// Among the connections that may come to no login, of all our processes; given back at the end of its life.
    class Place {
    public:
        Place(Approach& approach, std::optional<WallTime> begun) : approach_(&approach), begun_(begun) {}
        Place(Place&& other) noexcept : approach_(std::exchange(other.approach_, nullptr)), begun_(other.begun_) {}
        Place& operator=(Place&&) = delete;
        ~Place();

    private:
        Approach* approach_;
        std::optional<WallTime> begun_;  // nothing where none could be written down
    };

    // approach.cpp: an attempt
    Async<Turn> enter();
    Async<Result<std::unique_ptr<port::Session>>> attempt(Instant deadline, bool may_park, Turn& turn);
    Async<Result<std::unique_ptr<port::Session>>> race(Instant deadline, bool may_park, Progress& progress, Turn& turn);
    Async<void> patience(Instant deadline, Instant parked_until, const Progress& progress, Turn& turn);
    [[nodiscard]] Duration longest_park() const;

    // approach_memory.cpp: what it is allowed, and what came of it
    Async<std::optional<Error>> keep_pace(Instant until);
    std::optional<Error> hold();
    std::optional<Error> held_by_breaker();
    std::optional<Error> held_by_etiquette();
    Async<Result<Place>> take_place(Instant until);
    /// Of all our processes.
    [[nodiscard]] model::Etiquette etiquette() const;
    void remember(const Result<std::unique_ptr<port::Session>>& result);
    void remember_leaving(bool served, bool given_up, const std::string& why);
    void remember_service(bool served, const Result<std::unique_ptr<port::Session>>& result);
    void change_etiquette(const std::function<void(model::Etiquette&)>& change);
    void update(const std::string& record, const std::function<std::string(std::optional<std::string>)>& change);

    const Ports& ports_;
    const Target& target_;
    Tell tell_;
    std::string breaker_;    // names of records
    std::string etiquette_;
    Hold holds_ = Hold::both;
    std::shared_ptr<Logins> logins_;
};

}  // namespace vmc::link
