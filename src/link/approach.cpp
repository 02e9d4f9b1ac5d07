// SPDX-License-Identifier: Apache-2.0
#include "link/approach.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "flow/deadline.hpp"
#include "model/breaker.hpp"
#include "model/etiquette.hpp"

namespace vmc::link {

namespace {

/// LoginGraceTime is 120 s by default; 10 s of it are left for the login itself.
constexpr Duration park_limit = std::chrono::seconds(110);

/// Which stage an attempt has come to.
class Progress final : public port::ConnectWatcher {
public:
    explicit Progress(bool direct) : direct_(direct) {}
    void stage_began(Stage stage) override { now_at = stage; }
    [[nodiscard]] bool accepted() const { return now_at > Stage::tcp; }
    /// A proxy accepts for a VM that is not there.
    [[nodiscard]] bool sshd_has_seen_us() const { return now_at > (direct_ ? Stage::tcp : Stage::banner); }
    Stage now_at = Stage::none;

private:
    bool direct_;
};

/// The transport ends by itself at its deadline, and has better words for it: only when it does not
/// are ours needed.
constexpr Duration backstop = std::chrono::milliseconds(200);

/// Ends at the deadline unless the peer has accepted us by then; then when parking ends.
Async<void> patience(port::Clock& clock, Instant deadline, Instant parked_until, const Progress& progress) {
    co_await clock.sleep_until(deadline);
    if (progress.accepted() || parked_until == deadline) co_await clock.sleep_until(parked_until + backstop);
}

/// Runs its word when it goes, however that comes about: a cancelled attempt has been left, too.
class AtEnd {
public:
    explicit AtEnd(std::function<void()> word) : word_(std::move(word)) {}
    AtEnd(const AtEnd&) = delete;
    AtEnd& operator=(const AtEnd&) = delete;
    ~AtEnd() { word_(); }

private:
    std::function<void()> word_;
};

std::string door_of(const Target& target) { return target.host() + ' ' + std::to_string(target.port()); }

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
    : ports_(ports), target_(target), tell_(std::move(tell)), breaker_(model::breaker_name(target)),
      etiquette_(model::etiquette_name(target)) {}

std::optional<WallTime> Approach::left_too_often() const {
    const auto record = ports_.store.read(etiquette_);
    // A state directory that cannot be read must not lock us out; writing it complains where it matters.
    if (!record || !*record) return std::nullopt;
    return model::Etiquette::parse(**record).held_until(ports_.clock.wall_now());
}

Instant Approach::may_connect_at() const {
    const auto until = left_too_often();
    return ports_.clock.now() + (until ? *until - ports_.clock.wall_now() : Duration{0});
}

Async<Result<std::unique_ptr<port::Session>>> Approach::reach(Instant deadline, bool may_park) {
    auto held = held_by_breaker();
    if (!held) held = held_by_etiquette();
    if (held) co_return std::unexpected(std::move(*held));
    auto entering = enter();
    const auto inside = co_await flow::until(ports_.clock, deadline, std::move(entering));
    if (!inside)
        co_return failed(Code::timed_out, Stage::none,
                         "other connections of ours are being made to " + target_.name() + "; no turn in time");
    co_return co_await attempt(deadline, may_park);
}

/// First the VM's own door, then the bastion's: always in this order, so that nobody waits in a circle.
Async<std::vector<Doors::Pass>> Approach::enter() {
    std::vector<Doors::Pass> passes;
    passes.push_back(co_await ports_.doors.enter(door_of(target_), model::Etiquette::handshakes_at_a_vm));
    const std::string& bastion = target_.proxy_command();
    if (!bastion.empty())
        passes.push_back(co_await ports_.doors.enter(bastion, model::Etiquette::handshakes_at_a_bastion));
    co_return passes;
}

Async<Result<std::unique_ptr<port::Session>>> Approach::attempt(Instant deadline, bool may_park) {
    const Instant begun = ports_.clock.now();
    const Instant parked_until = may_park ? std::max(deadline, begun + park_limit) : deadline;
    Progress progress(target_.proxy_command().empty());
    Code came_to = Code::cancelled;
    const AtEnd leaving([&] {
        if (progress.sshd_has_seen_us() && model::is_abandoned(came_to)) remember_leaving();
    });

    using namespace boost::asio::experimental::awaitable_operators;
    auto race = ports_.transport.connect(target_, parked_until, &progress) ||
                patience(ports_.clock, deadline, parked_until, progress);
    auto first = co_await std::move(race);
    if (first.index() == 1) {
        came_to = Code::timed_out;
        Error late(Code::timed_out, progress.now_at, "no answer from " + target_.name());
        late.after(ports_.clock.now() - begun);
        co_return std::unexpected(std::move(late));
    }
    auto result = std::get<0>(std::move(first));
    came_to = result ? Code::auth_denied : result.error().code();  // both ways the login was decided
    remember(result);
    co_return result;
}

std::optional<Error> Approach::held_by_breaker() {
    if (ignore_held_) return std::nullopt;
    const auto record = ports_.store.read(breaker_);
    if (!record || !*record) return std::nullopt;
    const WallTime now = ports_.clock.wall_now();
    const auto until = model::Breaker::parse(**record).open_until(now);
    if (!until) return std::nullopt;
    return Error(Code::auth_held, Stage::authentication,
                 target_.name() + " has denied this key twice; not trying again for " + minutes_left(*until, now) +
                     " (--retry-auth overrides)");
}

std::optional<Error> Approach::held_by_etiquette() {
    const auto until = ignore_held_ ? std::nullopt : left_too_often();
    if (!until) return std::nullopt;
    return Error(Code::held, Stage::banner,
                 "the last " + std::to_string(model::Etiquette::abandoned_limit) + " connections to " + target_.name() +
                     " were accepted and came to no login; another may get us banned; next one in " +
                     minutes_left(*until, ports_.clock.wall_now()) + " (--retry-auth overrides)");
}

void Approach::remember_leaving() {
    const WallTime now = ports_.clock.wall_now();
    const auto change = [now](const std::optional<std::string>& before) {
        auto etiquette = model::Etiquette::parse(before.value_or(""));
        etiquette.abandoned(now);
        return etiquette.serialise();
    };
    update(etiquette_, change);
}

void Approach::update(const std::string& record, const std::function<std::string(std::optional<std::string>)>& change) {
    const auto written = ports_.store.update(record, change);
    if (!written) tell_(Notice::Kind::connecting, "cannot remember what came of this login: " + written.error().line());
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
    update(breaker_, change);
}

}  // namespace vmc::link
