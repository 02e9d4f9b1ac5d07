// SPDX-License-Identifier: Apache-2.0
// What stands beside the layers of a login: the session from before, a port that is closed, and we ourselves.
#include <algorithm>

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "health/elsewhere.hpp"
#include "health/examination.hpp"
#include "model/boot_story.hpp"
#include "model/listener.hpp"
#include "model/liveness.hpp"

namespace vmc::health {

namespace {

/// A second SYN goes after 1 s; who has not answered that one is silent.
constexpr Duration closed_port_within = std::chrono::milliseconds(1750);
constexpr Duration ourselves_within = std::chrono::milliseconds(1750);
constexpr Duration elsewhere_within = std::chrono::milliseconds(1750);
constexpr Duration old_session_soon = std::chrono::milliseconds(1750);
constexpr Duration look_again = std::chrono::milliseconds(50);
/// A login takes some ten round trips; an echo takes one.
constexpr Duration others_within = std::chrono::milliseconds(100);
constexpr Duration facts_within = std::chrono::seconds(5);
/// A part of it that hangs gives up after 5 s; a login may have stood still for four before.
constexpr Duration report_within = std::chrono::seconds(7);
/// How a session ended is news for so long after another took its place.
constexpr Duration news = std::chrono::minutes(1);

model::OldSession silent_as(const link::Wire& wire) {
    const auto tcp = wire.session->tcp();
    if (!tcp || wire.is_forwarded()) return model::OldSession::quiet;
    return tcp->unacked > 0 && tcp->retransmits > 0 ? model::OldSession::unacknowledged
                                                    : model::OldSession::acknowledged;
}

}  // namespace

void Examination::recall() {
    const auto record = ports_.store.read(model::acquaintance_name(link_.target()));
    if (record && *record) known_ = model::Acquaintance::parse(**record);
    learnt_ = known_;
    around_.answered_ping_before = known_.answered_ping;
    around_.refused_before = known_.refused_closed_port;
}

Async<void> Examination::ask_beside() {
    using namespace boost::asio::experimental::awaitable_operators;
    auto all = (ask_ping() && ask_closed_port() && ask_ourselves() && ask_elsewhere()) || until_well();
    co_await std::move(all);
}

/// Where a fresh login works, who has not answered by then answers nobody, and it would tell us nothing.
Async<void> Examination::until_well() {
    while (!login_over_) co_await told_.wait();
    co_await ports_.clock.sleep_until(exec_works_ ? ports_.clock.now() + others_within : never);
}

Async<void> Examination::ask_anew_and_tell() {
    co_await ask_anew();
    login_over_ = true;
    told_.notify();
}

/// By a keepalive, which sshd answers without a new process.
Async<void> Examination::ask_old_session(Duration within) {
    if (!old_ || old_->ended) {
        judge_ended_session();
        co_return;
    }
    if (old_->session->paused()) co_return;  // by us: its silence is ours
    const Instant asked = ports_.clock.now();
    old_->session->send_keepalive();
    const auto enough = [&] {
        const Duration waited = ports_.clock.now() - asked;
        return waited >= within || (waited >= patience(old_session_soon) && is_way_dead());
    };
    while (!old_->ended && old_->session->last_received() <= asked && !enough())
        co_await ports_.clock.sleep_until(ports_.clock.now() + look_again);
    if (old_->ended) judge_ended_session();
    else if (old_->session->last_received() > asked) around_.old_session = model::OldSession::answers;
    else around_.old_session = silent_as(*old_);
}

/// To the session from before: TCP has sent again, twice, and nothing was acknowledged.
bool Examination::is_way_dead() const {
    if (!old_ || old_->ended || old_->is_forwarded()) return false;
    const auto tcp = old_->session->tcp();
    return tcp && tcp->unacked > 0 && tcp->retransmits >= model::LivenessWatch::dead_retransmits;
}

/// The only way in, perhaps.
Async<void> Examination::ask_over_old_session() {
    if (around_.old_session != model::OldSession::answers || !old_ || old_->ended) co_return;
    const link::Place counted(old_, reinterpret_cast<std::uintptr_t>(this));
    const Instant asked = ports_.clock.now();
    auto facts = co_await link_.read_facts_over(*old_->session, asked + patience(facts_within));
    const Duration took = ports_.clock.now() - asked;
    if (!facts) {
        note(Layer::exec, "command-old-session", Answer::fails, facts.error().line(), took);
        co_return;
    }
    exec_works_ = true;
    boot_ = facts->record(ports_.clock.wall_now(), ports_.clock.now(), took);
    note(Layer::exec, "command-old-session", Answer::works, "over the session that was there before", took);
    co_await ask_system_over(*old_->session, patience(report_within));
    take_pace(*old_->session);
    // Where each round trip takes a second, a login that took too long is no riddle.
    if (around_.pace != model::Pace::slow) co_await ask_listener_over(*old_->session);
    co_await ask_story_over(*old_->session);
}

/// Its own word on what a refusal or a silence in front of its port means.
Async<void> Examination::ask_listener_over(port::Session& session) {
    const auto nonce = model::nonce(ports_.random.draw());
    const Instant asked = ports_.clock.now();
    const auto printed =
        co_await link_.ask_over(session, model::listener_script(nonce), asked + patience(facts_within));
    const auto listens =
        printed ? model::parse_listener(*printed, nonce) : Result<bool>(std::unexpected(printed.error()));
    if (!listens) co_return;
    around_.listener = *listens ? model::Listener::listens : model::Listener::none;
    note(Layer::exec, "ssh-listener", *listens ? Answer::works : Answer::fails,
         *listens ? "something listens on its SSH port" : "nothing listens on its SSH port",
         ports_.clock.now() - asked);
}

void Examination::judge_ended_session() {
    std::optional<Error> why;
    if (old_ && old_->ended) why = old_->ended;
    else if (const auto& end = link_.how_it_ended()) {
        const bool replaced = old_ && old_->usable();
        if (!replaced || ports_.clock.now() - end->at <= news) why = end->why;
    }
    if (!why || why->code() == Code::cancelled) return;
    const bool reset = why->message().find("reset") != std::string::npos;
    around_.old_session = reset ? model::OldSession::reset : model::OldSession::closed;
}

/// While it is well, to know it; when it is not, to be told by it. Once in a look, and once more
/// where it falls silent meanwhile.
Async<void> Examination::ask_closed_port() {
    const std::uint16_t port = link_.target().closed_port();
    if (port == 0 || address_.empty()) co_return;
    const auto knock = co_await prober_.knock(address_, port, ports_.clock.now() + patience(closed_port_within));
    const bool refused = knock.answer == port::PortAnswer::refused;
    const bool told = learnt_.refused_closed_port && knock.answer != port::PortAnswer::unknown;
    const Answer answer = refused ? Answer::works : told ? Answer::fails : Answer::unknown;
    if (refused) learnt_.refused_closed_port = true;
    note(Layer::closed_port, "closed-port", answer, "port " + std::to_string(port) + ": " + knock.detail, knock.took);
}

Async<void> Examination::ask_ourselves() {
    if (address_.empty()) co_return;
    const auto own = co_await prober_.look_at_ourselves(address_, ports_.clock.now() + ourselves_within);
    on_link_ = own.on_link;
    if (own.network == Answer::works) around_.ourselves = model::Ourselves::well;
    if (own.network == Answer::fails) around_.ourselves = model::Ourselves::no_gateway;
    note(Layer::route, "own-network", own.network, own.detail, Duration{0});
}

/// Whether anybody else hears us. A canary that has never answered tells nothing by its silence.
Async<void> Examination::ask_elsewhere() {
    using namespace boost::asio::experimental::awaitable_operators;
    const Instant until = ports_.clock.now() + patience(elsewhere_within);
    auto both = ask_canary(ports_.clock, prober_, link_.target(), until) && ask_company(ports_, link_, until);
    auto [canary, company] = co_await std::move(both);
    const std::string name = canary_name(link_.target());
    if (canary.answer == Answer::works) learnt_.canary = name;
    if (canary.answer == Answer::fails && known_.canary != name) canary.answer = Answer::unknown;
    around_.canary = canary.answer == Answer::works   ? model::Canary::answers
                     : canary.answer == Answer::fails ? model::Canary::silent
                                                      : model::Canary::unknown;
    around_.company = company.answer == Answer::works   ? model::Company::answers
                      : company.answer == Answer::fails ? model::Company::silent
                                                        : model::Company::unknown;
    if (!name.empty()) note(Layer::elsewhere, "canary", canary.answer, canary.detail, canary.took);
    if (!company.detail.empty()) note(Layer::elsewhere, "other-vms", company.answer, company.detail, company.took);
}

/// By proof where there is one; a port of this very machine is usually a forwarder's.
void Examination::judge_setting() {
    const auto wire = link_.current();
    const bool read = wire && wire->facts && !wire->facts->ssh_connection.empty();
    const auto& host = link_.target().host();
    const bool own_port = host == "localhost" || host == "::1" || host.starts_with("127.");
    const bool proxy = !link_.target().proxy_command().empty();
    if (read) learnt_.forwarded = wire->is_forwarded();
    const bool forwarded = read ? wire->is_forwarded() : known_.forwarded || (own_port && !known_.seen);
    if (proxy || forwarded) around_.setting = model::Setting::forwarded;
    else around_.setting = on_link_ ? model::Setting::local : model::Setting::direct;
}

std::optional<WallTime> Examination::last_seen() const {
    const auto wall = ports_.clock.wall_now();
    const auto wire = old_ ? old_ : link_.current();
    if (!wire) return known_.seen;
    const Duration ago = ports_.clock.now() - wire->session->last_received();
    return wall - std::chrono::duration_cast<std::chrono::milliseconds>(ago);
}

void Examination::remember() {
    if (boot_) {
        if (known_.boot && !story_) story_ = model::boot_story(*known_.boot, *boot_);
        if (story_) around_.boot_change = story_->change;
        learnt_.seen = ports_.clock.wall_now();
        // Another machine at the address is not the one we knew: who knows which of them stays.
        const bool same = around_.boot_change != BootChange::other_machine &&
                          around_.boot_change != BootChange::re_imaged && around_.boot_change != BootChange::ambiguous;
        if (same) learnt_.boot = boot_;
    }
    // A pause that was told is not told again.
    const bool told = story_ && story_->change != BootChange::none;
    if (!told && !learnt_.differs_from(known_)) return;
    const auto change = [this](const std::optional<std::string>&) { return learnt_.serialise(); };
    // A state directory that cannot be written costs us the memory, not the diagnosis.
    (void)ports_.store.update(model::acquaintance_name(link_.target()), change);
}

}  // namespace vmc::health
