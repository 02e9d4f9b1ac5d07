// SPDX-License-Identifier: Apache-2.0
// A timeout ends the process on the VM, not only the channel to it.
#include "flow/deadline.hpp"
#include "link/link.hpp"

namespace vmc::link {

namespace {

/// sshd passes a `signal` request on within a few milliseconds, for everyone but root.
constexpr Duration signal_works_within = std::chrono::milliseconds(150);
/// TERM, then this long, then KILL.
constexpr Duration term_grace = std::chrono::seconds(2);
constexpr Duration within_same_connection = std::chrono::seconds(4);
constexpr Duration beside_it = std::chrono::seconds(10);
constexpr int counts = 3;
constexpr Duration count_again = std::chrono::milliseconds(150);

/// Sends no new commands on a wire while one of its commands is found by counting.
class Held {
public:
    explicit Held(Wire& wire) : wire_(wire) { ++wire_.held; }
    Held(const Held&) = delete;
    ~Held() {
        --wire_.held;
        wire_.changed.notify();
    }

private:
    Wire& wire_;
};

}  // namespace

/// Tries the signal request, then a script over the same connection, then over a second one.
Async<Known> Link::end_process(Running& running, const std::shared_ptr<Wire>& wire) {
    const bool hears_us = !wire->suspect() && !wire->ended;
    if (hears_us) {
        running.channel()->send_signal("TERM");
        // The guard is cancelled when the command ends meanwhile.
        co_await ports_.clock.sleep_until(ports_.clock.now() + signal_works_within);
    }
    tell(Notice::Kind::command, "ending the command on the VM");
    for (int counted = 1; hears_us && !wire->session->paused(); ++counted) {
        const auto order = model::EndOrder::same_connection(running.index(), wire->live.size(), term_grace);
        const bool last = counted == counts;
        auto killed = co_await flow::until(ports_.clock, ports_.clock.now() + within_same_connection,
                                           end_over(*wire->session, order, last));
        if (!killed || !*killed) break;
        // A probe of ours that came or went just then was counted wrongly, and nothing was done: once more.
        if (**killed != Known::unknown || last) co_return **killed;
        co_await ports_.clock.sleep_until(ports_.clock.now() + count_again);
    }
    const bool told = wire->facts && !wire->facts->ssh_connection.empty();
    const auto connection = told ? wire->facts->ssh_connection : wire->own_view();
    if (connection.empty()) co_return Known::unknown;
    const Instant deadline = ports_.clock.now() + beside_it;
    auto second = co_await second_session(deadline);
    if (!second) co_return Known::unknown;
    // Counted now, and held: a command that began in between would be counted instead of one that ended.
    const Held held(*wire);
    const auto order = model::EndOrder::other_connection(connection, running.index(), wire->live.size(), term_grace);
    auto killed = co_await flow::until(ports_.clock, deadline, end_over(**second, order, true));
    co_await (*second)->close(ports_.clock.now() + signal_works_within);
    co_return killed && *killed ? **killed : Known::unknown;
}

/// Beside the first. When the caller is cancelled meanwhile (its command has ended) the login goes on:
/// left half-way it would be held against us.
Async<Result<std::unique_ptr<port::Session>>> Link::second_session(Instant deadline) {
    auto beside = std::make_shared<Beside>(ports_.executor);
    scope_.spawn(log_in_beside(beside, deadline));
    while (!beside->result) co_await beside->done.wait();
    co_return std::move(*beside->result);
}

Async<void> Link::log_in_beside(std::weak_ptr<Beside> wanted, Instant deadline) {
    auto second = co_await approach_.reach(deadline, false);
    if (const auto beside = wanted.lock()) {
        beside->result.emplace(std::move(second));
        beside->done.notify();
    } else if (second) {
        co_await (*second)->close(ports_.clock.now() + signal_works_within);
    }
}

/// Nothing when the script could not be run or understood.
Async<std::optional<Known>> Link::end_over(port::Session& session, model::EndOrder order, bool last) {
    const auto nonce = model::nonce(ports_.random.draw());
    auto printed = co_await ask_on(session, model::end_script(order, nonce), ports_.clock.now() + beside_it);
    if (!printed) co_return std::nullopt;
    const auto answer = model::parse_end(*printed, nonce);
    if (!answer) co_return std::nullopt;
    if (last && answer->killed != Known::yes)
        tell(Notice::Kind::command, "the command may still run: " + answer->reason);
    co_return answer->killed;
}

}  // namespace vmc::link
