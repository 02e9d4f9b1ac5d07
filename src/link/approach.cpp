// SPDX-License-Identifier: Apache-2.0
#include "link/approach.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "flow/deadline.hpp"
#include "model/acquaintance.hpp"
#include "model/breaker.hpp"
#include "model/etiquette.hpp"

namespace vmc::link {

namespace {

/// LoginGraceTime is 120 s by default; 10 s of it are left for the login itself. It begins when sshd takes the
/// connection from its queue, and the banner is the first thing it does then.
constexpr Duration served_limit = std::chrono::seconds(110);
/// In the queue of an sshd that hangs we cost nothing, and are in the moment it wakes up; the transport finds out
/// when the kernel there is no more. Four such places lie there after an hour, and fail2ban bans at five.
constexpr Duration queue_limit = std::chrono::minutes(15);

/// The transport ends by itself at its deadline, and has better words for it: only when it does not
/// are ours needed.
constexpr Duration backstop = std::chrono::milliseconds(200);

/// Hardening guides set LoginGraceTime to 30 or 60 s. Whoever ends a login within this has other reasons.
constexpr Duration least_grace = std::chrono::seconds(15);

/// All links of a loop together begin this many logins at a time, each of which makes room when it is over
/// or has lasted so long: a thousand at once would hold the memory of a thousand key exchanges and, on one
/// core, keep each other waiting for a second. One that meets silence does not keep others waiting.
constexpr std::size_t begun_at_a_time = 64;
constexpr Duration makes_room_after = std::chrono::milliseconds(250);

/// For a place among the connections that may come to no login: those under way hang, or are done by then.
constexpr Duration longest_wait_for_others = model::Etiquette::pace + std::chrono::milliseconds(200);

/// Nobody bans himself (fail2ban: ignoreself), and behind a port of our own machine there is usually a
/// forwarder: it accepts for a guest whose sshd has seen nobody.
bool is_own_address(std::string_view host) { return host == "localhost" || host == "::1" || host.starts_with("127."); }

std::string door_of(const Target& target) { return target.host() + ' ' + std::to_string(target.port()); }

}  // namespace

/// Which stage an attempt has come to.
class Approach::Progress final : public port::ConnectWatcher {
public:
    Progress(const Target& target, port::Clock& clock, std::shared_ptr<Logins> logins)
        : clock_(clock), accepts_(target.proxy_command().empty() ? Stage::tcp : Stage::banner),
          sees_us_(is_own_address(target.host()) ? Stage::banner : accepts_), logins_(std::move(logins)) {}
    Progress(const Progress&) = delete;
    ~Progress() override {
        if (!counted_) return;
        --logins_->under_way;
        logins_->changed.notify();
    }
    void stage_began(Stage stage) override {
        now_at = stage;
        if (stage == Stage::key_exchange) served_at = clock_.now();
        logins_->latest.stage = stage;
        logins_->latest.since = clock_.now();
        logins_->changed.notify();
        if (counted_ || !sshd_has_seen_us()) return;
        counted_ = true;
        seen_since_ = clock_.now();
        ++logins_->under_way;
    }
    void heard() override { logins_->latest.heard = clock_.now(); }
    /// Somebody answers there. A proxy is only the proxy until a banner comes through it.
    [[nodiscard]] bool accepted() const { return now_at > accepts_; }
    [[nodiscard]] bool sshd_has_seen_us() const { return now_at > sees_us_; }
    /// It was our login's time that was up there.
    [[nodiscard]] bool was_timed_out(const Error& why) const {
        return why.code() == Code::lost && counted_ && clock_.now() - seen_since_ >= least_grace;
    }
    /// It has spoken.
    [[nodiscard]] bool served() const { return now_at > Stage::banner; }
    Stage now_at = Stage::none;
    Instant served_at{};

private:
    port::Clock& clock_;
    Stage accepts_;
    Stage sees_us_;
    std::shared_ptr<Logins> logins_;
    bool counted_ = false;
    Instant seen_since_{};
};

/// Ends at the deadline unless the peer has accepted us by then; then when parking ends.
Async<void> Approach::patience(Instant deadline, Instant parked_until, const Progress& progress, Turn& turn) {
    co_await ports_.clock.sleep_until(std::min(deadline, ports_.clock.now() + makes_room_after));
    turn.pace.reset();
    co_await ports_.clock.sleep_until(deadline);
    if (parked_until == deadline) co_return co_await ports_.clock.sleep_until(deadline + backstop);
    if (!progress.accepted()) co_return;
    while (!progress.served() && ports_.clock.now() < parked_until)
        co_await flow::finishes(ports_.clock, parked_until, next_step());
    const Instant end = progress.served() ? std::max(deadline, progress.served_at + served_limit) : parked_until;
    co_await ports_.clock.sleep_until(end + backstop);
}

Approach::Approach(const Ports& ports, const Target& target, Tell tell)
    : ports_(ports), target_(target), tell_(std::move(tell)), breaker_(model::breaker_name(target)),
      etiquette_(model::etiquette_name(target)), logins_(std::make_shared<Logins>(ports.executor)) {}

Async<void> Approach::no_login_under_way() {
    const auto logins = logins_;
    while (logins->under_way > 0) co_await logins->changed.wait();
}

Async<void> Approach::next_step() {
    const auto logins = logins_;
    co_await logins->changed.wait();
}

Async<Result<std::unique_ptr<port::Session>>> Approach::reach(Instant deadline, bool may_park) {
    if (auto held = hold()) co_return std::unexpected(std::move(*held));
    const Instant begun = ports_.clock.now();
    // A login that begins when half of its time is over would be cut short, and count as one we left.
    const Instant turn_by = begun + (deadline - begun) / 2;
    auto late = co_await keep_pace(turn_by);
    if (late) co_return std::unexpected(std::move(*late));
    auto entering = enter();
    auto turn = co_await flow::until(ports_.clock, turn_by, std::move(entering));
    if (!turn)
        co_return failed(Code::timed_out, Stage::none,
                         "other connections of ours are being made to " + target_.name() + "; no turn in time");
    if (auto held = hold()) co_return std::unexpected(std::move(*held));
    auto place = co_await take_place(std::min(turn_by, ports_.clock.now() + longest_wait_for_others));
    if (!place) co_return std::unexpected(std::move(place.error()));
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
    Progress progress(target_, ports_.clock, logins_);
    try {
        auto result = co_await race(deadline, may_park, progress, turn);
        // fail2ban does not tell a denial from a connection that was left. (Whoever waits for a first boot is denied
        // on purpose, and paces himself.)
        const bool denied = !result && result.error().code() == Code::auth_denied && holds_ == Hold::both;
        const bool ours = !result && (model::is_abandoned(result.error()) || progress.was_timed_out(result.error()));
        if (denied || (ours && progress.sshd_has_seen_us()))
            remember_leaving(progress.served(), result.error().is_given_up_here(), result.error().line());
        remember_service(progress.served(), result);
        remember(result);
        co_return result;
    } catch (...) {
        if (progress.sshd_has_seen_us()) remember_leaving(progress.served(), false, "cancelled while logging in");
        throw;
    }
}

Async<Result<std::unique_ptr<port::Session>>> Approach::race(Instant deadline, bool may_park, Progress& progress,
                                                             Turn& turn) {
    const Instant begun = ports_.clock.now();
    const Instant parked_until = may_park ? std::max(deadline, begun + longest_park()) : deadline;
    using namespace boost::asio::experimental::awaitable_operators;
    auto either =
        ports_.transport.connect(target_, parked_until, &progress) || patience(deadline, parked_until, progress, turn);
    auto first = co_await std::move(either);
    if (first.index() == 0) co_return std::get<0>(std::move(first));
    Error late(Code::timed_out, progress.now_at, "no answer from " + target_.name());
    late.after(ports_.clock.now() - begun);
    co_return std::unexpected(std::move(late));
}

/// A forwarder accepts, and answers for its kernel, also when the VM behind it has long been another one.
Duration Approach::longest_park() const {
    if (!target_.proxy_command().empty() || is_own_address(target_.host())) return served_limit;
    const auto record = ports_.store.read(model::acquaintance_name(target_));
    const bool forwarded = record && *record && model::Acquaintance::parse(**record).forwarded;
    return forwarded ? served_limit : queue_limit;
}

}  // namespace vmc::link
