// SPDX-License-Identifier: Apache-2.0
// What our other processes have met at a VM's door, and are told by us.
#include <algorithm>

#include "link/approach.hpp"
#include "model/breaker.hpp"

namespace vmc::link {

namespace {

/// Other processes of ours that log in are done within a second, or hang.
constexpr Duration asks_again_after = std::chrono::milliseconds(100);

std::function<std::string(std::optional<std::string>)> changed_by(std::function<void(model::Etiquette&)> change) {
    return [change = std::move(change)](const std::optional<std::string>& before) {
        auto mine = model::Etiquette::parse(before.value_or(""));
        change(mine);
        return mine.serialise();
    };
}

model::Breaker worked_only() {
    model::Breaker breaker;
    breaker.worked();
    return breaker;
}

/// The end of it came from the other side of the port: whatever waited in its queue has been met, or is gone.
bool is_answered(const Error& why) {
    const Code code = why.code();
    return code == Code::throttled || code == Code::booting || code == Code::protocol ||
           (code == Code::lost && !why.is_given_up_here());
}

std::string minutes_left(WallTime until, WallTime now) {
    const auto left = std::chrono::ceil<std::chrono::minutes>(until - now).count();
    return std::to_string(left) + (left == 1 ? " minute" : " minutes");
}

}  // namespace

model::Etiquette Approach::etiquette() const {
    const auto record = ports_.store.read(etiquette_);
    // A state directory that cannot be read must not lock us out; writing it complains where it matters.
    return record && *record ? model::Etiquette::parse(**record) : model::Etiquette();
}

Instant Approach::may_connect_at() const {
    const auto now = ports_.clock.wall_now();
    if (holds_ == Hold::none) return ports_.clock.now();
    const auto record = etiquette();
    auto until = record.held_until(now).value_or(now);
    if (record.keeps_out(now)) until = std::max(until, record.paced_until());
    return ports_.clock.now() + std::max(until - now, WallTime::duration{});
}

/// Between two logins that the system turns away, of all our processes: each says so before it begins, so that two
/// that wait do not begin at once.
Async<std::optional<Error>> Approach::keep_pace(Instant until) {
    while (holds_ != Hold::none) {
        const auto record = etiquette();
        const WallTime now = ports_.clock.wall_now();
        if (!record.keeps_out(now)) break;
        if (now >= record.paced_until()) {
            change_etiquette([now](model::Etiquette& mine) { mine.kept_out(now); });
            break;
        }
        const Duration left = std::min<Duration>(record.paced_until() - now, model::Etiquette::pace);
        if (ports_.clock.now() + left > until)
            co_return Error(Code::held, Stage::authentication,
                            target_.name() + " lets nobody in yet, and was asked a moment ago");
        co_await ports_.clock.sleep_until(ports_.clock.now() + left);
    }
    co_return std::nullopt;
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
    return Error(Code::held, Stage::banner,
                 "not trying " + target_.name() + " for " + minutes_left(*until, now) + ": " +
                     (record.has_unserved()
                          ? "its sshd accepts and does not serve; meeting all of ours at once may get us banned "
                          : std::to_string(model::Etiquette::abandoned_limit) +
                                " connections of late came to no login, a fifth may get us banned ") +
                     "(--retry-auth overrides); the last: " + record.why());
}

Approach::Place::~Place() {
    if (!approach_ || !begun_) return;
    (void)approach_->ports_.store.update(approach_->etiquette_,
                                         changed_by([this](model::Etiquette& mine) { mine.end(*begun_); }));
}

Async<Result<Approach::Place>> Approach::take_place(Instant until) {
    for (;;) {
        const WallTime now = ports_.clock.wall_now();
        std::optional<WallTime> place;
        const auto begins = changed_by([&](model::Etiquette& mine) { place = mine.begin(now); });
        // Where nothing can be written down, nobody is kept out; it is said when there is something to remember.
        if (!ports_.store.update(etiquette_, begins)) co_return Place(*this, std::nullopt);
        if (place || holds_ == Hold::none) co_return Place(*this, place);
        if (ports_.clock.now() + asks_again_after > until)
            co_return failed(
                Code::held, Stage::banner,
                "not trying " + target_.name() +
                    " now: with those of ours that are under way, too many connections of late may come to "
                    "no login (--retry-auth overrides)");
        co_await ports_.clock.sleep_until(ports_.clock.now() + asks_again_after);
    }
}

void Approach::remember_leaving(bool served, bool given_up, const std::string& why) {
    const WallTime now = ports_.clock.wall_now();
    const auto kind = served     ? &model::Etiquette::abandoned
                      : given_up ? &model::Etiquette::given_up
                                 : &model::Etiquette::unserved;
    change_etiquette([&](model::Etiquette& mine) { (mine.*kind)(now, why); });
}

/// Read each time, written where there is something new.
void Approach::remember_service(bool served, const Result<std::unique_ptr<port::Session>>& result) {
    const auto before = etiquette();
    const WallTime now = ports_.clock.wall_now();
    const bool kept_out = !result && result.error().code() == Code::booting;
    const bool let_in = result && before.keeps_out(now);
    const bool answered = served || (!result && is_answered(result.error()));
    const bool gone = !result && result.error().code() == Code::refused;
    if (!kept_out && !let_in && !(before.has_unserved() && (answered || gone))) return;
    change_etiquette([&](model::Etiquette& mine) {
        if (gone) mine.queue_is_gone();
        if (answered) mine.served(now);
        if (kept_out) mine.kept_out(now);
        if (let_in) mine.let_in();
    });
}

void Approach::change_etiquette(const std::function<void(model::Etiquette&)>& change) {
    update(etiquette_, changed_by(change));
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
