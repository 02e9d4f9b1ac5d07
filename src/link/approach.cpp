// SPDX-License-Identifier: Apache-2.0
#include "link/approach.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "flow/deadline.hpp"
#include "model/breaker.hpp"

namespace vmc::link {

namespace {

/// LoginGraceTime is 120 s by default; 10 s of it are left for the login itself.
constexpr Duration park_limit = std::chrono::seconds(110);

/// Which stage an attempt has come to.
class Progress final : public port::ConnectWatcher {
public:
    void stage_began(Stage stage) override { now_at = stage; }
    [[nodiscard]] bool accepted() const { return now_at > Stage::tcp; }
    Stage now_at = Stage::none;
};

/// Ends at the deadline unless the peer has accepted us by then; then when parking ends.
Async<void> patience(port::Clock& clock, Instant deadline, Instant parked_until, const Progress& progress) {
    co_await clock.sleep_until(deadline);
    if (progress.accepted() && parked_until > deadline) co_await clock.sleep_until(parked_until);
}

model::Breaker worked_only() {
    model::Breaker breaker;
    breaker.worked();
    return breaker;
}

std::string minutes_left(WallTime until, WallTime now) {
    const auto left = std::chrono::ceil<std::chrono::minutes>(until - now).count();
    return std::to_string(left) + (left == 1 ? " minute" : " minutes");
}

}  // namespace

Approach::Approach(const Ports& ports, const Target& target, Tell tell)
    : ports_(ports), target_(target), tell_(std::move(tell)), breaker_(model::breaker_name(target)) {}

Instant Approach::may_connect_at() const { return etiquette_.may_connect_at(ports_.clock.now()); }

Async<Result<std::unique_ptr<port::Session>>> Approach::reach(Instant deadline, bool may_park) {
    if (auto held = held_by_breaker()) co_return std::unexpected(std::move(*held));
    const Instant begun = ports_.clock.now();
    const Instant parked_until = may_park ? std::max(deadline, begun + park_limit) : deadline;
    Progress progress;

    using namespace boost::asio::experimental::awaitable_operators;
    auto race = ports_.transport.connect(target_, parked_until, &progress) ||
                patience(ports_.clock, deadline, parked_until, progress);
    auto first = co_await std::move(race);
    if (first.index() == 1) {
        if (progress.accepted()) etiquette_.abandoned(ports_.clock.now());
        Error late(Code::timed_out, progress.now_at, "no answer from " + target_.name());
        late.after(ports_.clock.now() - begun);
        co_return std::unexpected(std::move(late));
    }
    auto result = std::get<0>(std::move(first));
    if (!result && progress.accepted() && result.error().code() != Code::auth_denied)
        etiquette_.abandoned(ports_.clock.now());
    remember(result);
    co_return result;
}

std::optional<Error> Approach::held_by_breaker() {
    if (ignore_breaker_) return std::nullopt;
    const auto record = ports_.store.read(breaker_);
    // A state directory that cannot be read must not lock us out; writing it complains where it matters.
    if (!record || !*record) return std::nullopt;
    const WallTime now = ports_.clock.wall_now();
    const auto until = model::Breaker::parse(**record).open_until(now);
    if (!until) return std::nullopt;
    return Error(Code::auth_held, Stage::authentication,
                 target_.name() + " has denied this key twice; not trying again for " + minutes_left(*until, now) +
                     " (--retry-auth overrides)");
}

void Approach::remember(const Result<std::unique_ptr<port::Session>>& result) {
    const bool denied = !result && result.error().code() == Code::auth_denied;
    if (!result && !denied) return;
    if (!denied) {
        // Written at the first success and after denials only: a warm start costs one read, no fsync.
        const auto record = ports_.store.read(breaker_);
        if (record && *record) {
            const auto breaker = model::Breaker::parse(**record);
            if (breaker == worked_only()) return;
        }
    }
    const WallTime now = ports_.clock.wall_now();
    const auto change = [&](const std::optional<std::string>& before) {
        auto breaker = model::Breaker::parse(before.value_or(""));
        if (denied) breaker.denied(now);
        else breaker.worked();
        return breaker.serialise();
    };
    const auto written = ports_.store.update(breaker_, change);
    if (!written)
        tell_(Notice::Kind::connecting, "cannot remember the result of this login: " + written.error().line());
}

}  // namespace vmc::link
