// SPDX-License-Identifier: Apache-2.0
#include "recovery/comeback.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "flow/deadline.hpp"
#include "model/acquaintance.hpp"
#include "model/link_state.hpp"

namespace vmc::recovery {

namespace {

/// A SYN is answered within a round trip or not at all: its repetition by TCP, after 1 s, is not waited for.
constexpr Duration knock_within = std::chrono::milliseconds(500);
constexpr Duration knock_again = std::chrono::milliseconds(100);
constexpr Duration resolve_within = std::chrono::seconds(5);
constexpr Duration facts_within = std::chrono::seconds(10);
/// Where a port tells nothing: between two attempts to log in.
constexpr Duration attempt_again = std::chrono::milliseconds(500);

Error late(const Target& target) {
    return Error(Code::timed_out, Stage::none, target.name() + " did not come back in time");
}

/// Waits for one VM.
class Wait {
public:
    Wait(link::Ports ports, port::Prober& prober, link::Link& link, std::optional<BootId> not_boot, Instant deadline)
        : ports_(std::move(ports)), prober_(prober), link_(link), not_boot_(std::move(not_boot)), deadline_(deadline) {}

    Async<Result<Proof>> back() {
        link_.be_patient(true);
        while (ports_.clock.now() < deadline_) {
            if (!online()) co_await knock_until_open();
            if (ports_.clock.now() >= deadline_) break;
            const Instant answered = ports_.clock.now();
            auto proof = co_await prove(ports_, link_, deadline_);
            if (proof && (!not_boot_ || proof->now.boot_id != *not_boot_)) {
                proof->answered = answered;
                co_return proof;
            }
            if (!proof && model::is_hard_stop(proof.error().code())) co_return proof;
            if (!proof) last_ = std::move(proof.error());
            if (online()) co_await until_gone();
            else co_await pause(attempt_again);
        }
        if (last_)
            co_return failed(Code::timed_out, last_->stage(), late(link_.target()).message() + ": " + last_->line());
        co_return std::unexpected(late(link_.target()));
    }

private:
    [[nodiscard]] bool online() const { return link_.current() != nullptr && link_.current()->usable(); }
    Async<void> pause(Duration span) {
        co_await ports_.clock.sleep_until(std::min(deadline_, ports_.clock.now() + span));
    }

    /// It still is what it was: until that session is of no use any more.
    Async<void> until_gone() {
        auto away = link_.until_away_for(Duration{});
        co_await flow::finishes(ports_.clock, std::min(deadline_, ports_.clock.now() + std::chrono::seconds(1)),
                                std::move(away));
    }

    [[nodiscard]] bool port_tells() const {
        if (!link_.target().proxy_command().empty()) return false;
        const auto record = ports_.store.read(model::acquaintance_name(link_.target()));
        return !(record && *record && model::Acquaintance::parse(**record).forwarded);
    }

    /// Returns when its port is open, when a session is, or at the deadline.
    Async<void> knock_until_open() {
        if (!port_tells()) co_return;
        while (ports_.clock.now() < deadline_ && !online()) {
            auto found = co_await prober_.resolve(link_.target().host(), ports_.clock.now() + resolve_within);
            for (int i = 0; found && !found->empty() && i < 20 && ports_.clock.now() < deadline_; ++i) {
                const auto knock = co_await prober_.knock(found->front(), link_.target().port(),
                                                          std::min(deadline_, ports_.clock.now() + knock_within));
                if (knock.answer == port::PortAnswer::open) co_return co_await begin_anew();
                if (online()) co_return;
                co_await pause(knock_again);
            }
            if (!found) co_await pause(attempt_again);
        }
    }

    /// An attempt that still waits for TCP to send its SYN again would find out seconds later.
    Async<void> begin_anew() {
        if (online() || link_.latest_step().stage > Stage::tcp) co_return;
        (void)co_await link_.reconnect(1, Duration{});
    }

    link::Ports ports_;
    port::Prober& prober_;
    link::Link& link_;
    const std::optional<BootId> not_boot_;
    const Instant deadline_;
    std::optional<Error> last_;
};

}  // namespace

Async<Result<Proof>> prove(link::Ports ports, link::Link& link, Instant deadline) {
    // It may stay with a connection that was accepted and is silent for longer than we wait.
    auto attempt = link.connect();
    auto up = co_await flow::with_deadline(ports.clock, deadline, late(link.target()), std::move(attempt));
    if (!up) co_return std::unexpected(up.error());
    const Instant answered = ports.clock.now();
    std::optional<BootRecord> first;
    for (int i = 0; i < 2; ++i) {
        const Instant asked = ports.clock.now();
        auto facts = co_await link.read_facts(std::min(deadline, asked + facts_within));
        if (!facts) co_return std::unexpected(facts.error());
        auto read = facts->record(ports.clock.wall_now(), ports.clock.now(), ports.clock.now() - asked);
        if (first && (first->boot_id != read.boot_id || !(first->identity == read.identity)))
            co_return failed(Code::lost, Stage::command, "two readings in a row tell of two boots");
        first = std::move(read);
    }
    Proof proof(std::move(*first));
    proof.answered = answered;
    proof.proven = ports.clock.now();
    co_return proof;
}

Async<Result<Proof>> until_back(link::Ports ports, port::Prober& prober, link::Link& link,
                                std::optional<BootId> not_boot, Instant deadline) {
    Wait wait(std::move(ports), prober, link, std::move(not_boot), deadline);
    co_return co_await wait.back();
}

}  // namespace vmc::recovery
