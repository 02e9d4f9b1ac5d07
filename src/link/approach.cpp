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

/// The transport ends by itself at its deadline, and has better words for it: only when it does not
/// are ours needed.
constexpr Duration backstop = std::chrono::milliseconds(200);

/// All links of a loop together begin this many logins at a time, each of which makes room when it is over
/// or has lasted so long: a thousand at once would hold the memory of a thousand key exchanges and, on one
/// core, keep each other waiting for a second. One that meets silence does not keep others waiting.
constexpr std::size_t begun_at_a_time = 64;
constexpr Duration makes_room_after = std::chrono::milliseconds(250);

/// Nobody bans himself (fail2ban: ignoreself), and behind a port of our own machine there is usually a
/// forwarder: it accepts for a guest whose sshd has seen nobody.
bool is_own_address(std::string_view host) { return host == "localhost" || host == "::1" || host.starts_with("127."); }

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

/// Which stage an attempt has come to.
class Approach::Progress final : public port::ConnectWatcher {
public:
    Progress(const Target& target, std::shared_ptr<Logins> logins)
        : accepts_(target.proxy_command().empty() ? Stage::tcp : Stage::banner),
          sees_us_(is_own_address(target.host()) ? Stage::banner : accepts_), logins_(std::move(logins)) {}
    Progress(const Progress&) = delete;
    ~Progress() override {
        if (!counted_) return;
        --logins_->under_way;
        logins_->changed.notify();
    }
    void stage_began(Stage stage) override {
        now_at = stage;
        if (counted_ || !sshd_has_seen_us()) return;
        counted_ = true;
        ++logins_->under_way;
    }
    /// Somebody answers there. A proxy is only the proxy until a banner comes through it.
    [[nodiscard]] bool accepted() const { return now_at > accepts_; }
    [[nodiscard]] bool sshd_has_seen_us() const { return now_at > sees_us_; }
    Stage now_at = Stage::none;

private:
    Stage accepts_;
    Stage sees_us_;
    std::shared_ptr<Logins> logins_;
    bool counted_ = false;
};

/// Ends at the deadline unless the peer has accepted us by then; then when parking ends.
Async<void> Approach::patience(Instant deadline, Instant parked_until, const Progress& progress, Turn& turn) {
    co_await ports_.clock.sleep_until(std::min(deadline, ports_.clock.now() + makes_room_after));
    turn.pace.reset();
    co_await ports_.clock.sleep_until(deadline);
    if (progress.accepted() || parked_until == deadline) co_await ports_.clock.sleep_until(parked_until + backstop);
}

Approach::Approach(const Ports& ports, const Target& target, Tell tell)
    : ports_(ports), target_(target), tell_(std::move(tell)), breaker_(model::breaker_name(target)),
      etiquette_(model::etiquette_name(target)), logins_(std::make_shared<Logins>(ports.executor)) {}

model::Etiquette Approach::etiquette() const {
    const auto record = ports_.store.read(etiquette_);
    // A state directory that cannot be read must not lock us out; writing it complains where it matters.
    return record && *record ? model::Etiquette::parse(**record) : model::Etiquette();
}

Instant Approach::may_connect_at() const {
    const auto now = ports_.clock.wall_now();
    const auto until = holds_ == Hold::none ? std::nullopt : etiquette().held_until(now);
    return ports_.clock.now() + (until ? *until - now : Duration{0});
}

Async<void> Approach::no_login_under_way() {
    const auto logins = logins_;
    while (logins->under_way > 0) co_await logins->changed.wait();
}

Async<Result<std::unique_ptr<port::Session>>> Approach::reach(Instant deadline, bool may_park) {
    if (auto held = hold()) co_return std::unexpected(std::move(*held));
    const Instant begun = ports_.clock.now();
    // A login that begins when half of its time is over would be cut short, and count as one we left.
    const Instant turn_by = begun + (deadline - begun) / 2;
    auto entering = enter();
    auto turn = co_await flow::until(ports_.clock, turn_by, std::move(entering));
    if (!turn)
        co_return failed(Code::timed_out, Stage::none,
                         "other connections of ours are being made to " + target_.name() + "; no turn in time");
    if (auto held = hold()) co_return std::unexpected(std::move(*held));
    co_return co_await attempt(deadline, may_park, *turn);
}

/// First the VM's own door, then the bastion's: always in this order, so that nobody waits in a circle.
Async<Approach::Turn> Approach::enter() {
    Turn turn;
    turn.vm.emplace(co_await ports_.doors.enter(door_of(target_), model::Etiquette::handshakes_at_a_vm));
    const std::string& bastion = target_.proxy_command();
    if (!bastion.empty())
        turn.bastion.emplace(co_await ports_.doors.enter(bastion, model::Etiquette::handshakes_at_a_bastion));
    turn.pace.emplace(co_await ports_.doors.enter("", begun_at_a_time));
    co_return turn;
}

/// Also when it is cancelled, it is known what it came to.
Async<Result<std::unique_ptr<port::Session>>> Approach::attempt(Instant deadline, bool may_park, Turn& turn) {
    Progress progress(target_, logins_);
    try {
        auto result = co_await race(deadline, may_park, progress, turn);
        if (!result && progress.sshd_has_seen_us() && model::is_abandoned(result.error().code()))
            remember_leaving(result.error().line());
        remember(result);
        co_return result;
    } catch (...) {
        if (progress.sshd_has_seen_us()) remember_leaving("cancelled while logging in");
        throw;
    }
}

Async<Result<std::unique_ptr<port::Session>>> Approach::race(Instant deadline, bool may_park, Progress& progress,
                                                             Turn& turn) {
    const Instant begun = ports_.clock.now();
    const Instant parked_until = may_park ? std::max(deadline, begun + park_limit) : deadline;
    using namespace boost::asio::experimental::awaitable_operators;
    auto either =
        ports_.transport.connect(target_, parked_until, &progress) || patience(deadline, parked_until, progress, turn);
    auto first = co_await std::move(either);
    if (first.index() == 0) co_return std::get<0>(std::move(first));
    Error late(Code::timed_out, progress.now_at, "no answer from " + target_.name());
    late.after(ports_.clock.now() - begun);
    co_return std::unexpected(std::move(late));
}

std::optional<Error> Approach::hold() {
    auto held = held_by_breaker();
    return held ? held : held_by_etiquette();
}

std::optional<Error> Approach::held_by_breaker() {
    if (holds_ != Hold::both) return std::nullopt;
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
    if (holds_ == Hold::none) return std::nullopt;
    const auto record = etiquette();
    const WallTime now = ports_.clock.wall_now();
    const auto until = record.held_until(now);
    if (!until) return std::nullopt;
    return Error(
        Code::held, Stage::banner,
        "not trying " + target_.name() + " for " + minutes_left(*until, now) + ": " +
            std::to_string(model::Etiquette::abandoned_limit) +
            " connections in ten minutes came to no login, a fifth may get us banned (--retry-auth overrides); "
            "the last: " +
            record.why());
}

void Approach::remember_leaving(const std::string& why) {
    const WallTime now = ports_.clock.wall_now();
    const auto change = [now, &why](const std::optional<std::string>& before) {
        auto etiquette = model::Etiquette::parse(before.value_or(""));
        etiquette.abandoned(now, why);
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
