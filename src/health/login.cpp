// SPDX-License-Identifier: Apache-2.0
// A fresh login, and what is asked over it. Both questions at once, on a channel each: three round trips in all.
#include <algorithm>

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "flow/deadline.hpp"
#include "health/boot_since.hpp"
#include "health/examination.hpp"
#include "model/system_report.hpp"

namespace vmc::health {

namespace {

/// A command that has not answered by then is one that a person would call hung.
constexpr Duration login_facts_within = std::chrono::seconds(8);
constexpr Duration system_within = std::chrono::seconds(25);
/// For a diagnosis: a disk that hangs is told within 15 s.
constexpr Duration system_soon = std::chrono::seconds(14);
/// A SYN is sent at 0, 1 and 3 s; what has not answered the third is silent to a person. Four seconds in any later
/// stage are a hundred times what it takes.
constexpr Duration stands_still = std::chrono::seconds(4);
/// On a way that loses three in a hundred, each way, three SYNs are lost once in five thousand times; the fourth
/// goes after 7 s.
constexpr Duration three_syns_lost = std::chrono::milliseconds(7500);
/// Two SYNs; a ping and another SYN, asked beside, have been given as long.
constexpr Duration silent_soon = std::chrono::milliseconds(1800);
constexpr Duration keepalive_each = std::chrono::seconds(1);
/// Its journal may be long; half of what `vmc boot check` gives it would be longer than a look.
constexpr Duration story_within = std::chrono::seconds(8);
constexpr Duration goodbye_within = std::chrono::milliseconds(150);

/// From a second on a round trip is slow whatever it used to be; below, when it has grown eightfold and a person
/// would notice.
constexpr Duration slow_at = std::chrono::seconds(1);
constexpr Duration noticed_at = std::chrono::milliseconds(300);
constexpr int slow_times = 8;
/// A command takes milliseconds on a VM that is well.
constexpr Duration slow_command = std::chrono::seconds(3);
/// One in six, and more than chance would have of some forty segments on a line that loses three in a hundred.
constexpr std::uint64_t lossy_resent = 7;
constexpr std::uint64_t lossy_share = 6;

}  // namespace

/// Returns when the attempt has stood still for so long that a person would call it silence. It may move
/// on all the same, and is left to do so: leaving a login half-way would be held against us.
Async<void> Examination::until_stalled() {
    // A second attempt, made by the link beside ours, begins anew and is no progress. Bytes are, where a stage of some
    // kilobytes takes long.
    Stage farthest = Stage::none;
    const Duration soon = patience(silent_soon);
    Instant moved = ports_.clock.now();
    for (;;) {
        const auto& step = link_.latest_step();
        if (step.stage > farthest && step.since >= moved) {
            farthest = step.stage;
            moved = step.since;
        }
        moved = std::max(moved, step.heard);
        stood_ = ports_.clock.now() - moved;
        const bool at_tcp = farthest <= Stage::tcp;
        const Duration limit = patience(at_tcp && loses_some() ? three_syns_lost : stands_still);
        if (stood_ >= limit || (stood_ >= soon && at_tcp && all_is_silent())) co_return;
        co_await flow::finishes(ports_.clock, moved + (stood_ < soon ? soon : limit), link_.next_step());
    }
}

/// The session from before answers, on a way that has lost segments of it.
bool Examination::loses_some() const {
    if (around_.old_session != model::OldSession::answers || !old_ || old_->ended) return false;
    const auto tcp = old_->session->tcp();
    return tcp && tcp->segments_resent > 0;
}

/// Nothing has answered, and TCP has sent to the session from before twice and heard nothing: two more seconds of the
/// same would say no more.
bool Examination::all_is_silent() const {
    const auto answers = [this](Layer layer) {
        const auto* const answer = find(layer);
        return answer && answer->answer == Answer::works;
    };
    return is_way_dead() && !answers(Layer::icmp) && !answers(Layer::closed_port);
}

Error Examination::stalled() const {
    const auto stage = link_.latest_step().stage;
    const auto where = stage == Stage::none ? Stage::tcp : stage;
    return Error(Code::timed_out, where, "no answer").after(stood_);
}

/// A session of our own where one is open; else the link's own attempt is the fresh login: it is what commands
/// wait for. `own` keeps the former.
Async<Result<port::Session*>> Examination::log_in(std::unique_ptr<port::Session>& own) {
    using namespace boost::asio::experimental::awaitable_operators;
    if (old_ && old_->usable()) {
        const Instant until = ports_.clock.now() + link_.target().connect_timeout();
        auto race = link_.log_in_anew(until) || until_stalled();
        auto first = co_await std::move(race);
        if (first.index() == 1) co_return std::unexpected(stalled());
        auto fresh = std::get<0>(std::move(first));
        if (!fresh) co_return std::unexpected(fresh.error());
        own = std::move(*fresh);
        co_return own.get();
    }
    auto race = link_.connect() || until_stalled();
    auto first = co_await std::move(race);
    if (first.index() == 1) co_return std::unexpected(stalled());
    const auto up = std::get<0>(std::move(first));
    if (!up) co_return std::unexpected(up.error());
    fresh_ = link_.current();
    if (!fresh_) co_return failed(Code::lost, Stage::banner, "lost again at once");
    co_return fresh_->session.get();
}

void Examination::forget_login() {
    forget({Layer::tcp, Layer::banner, Layer::authentication, Layer::exec, Layer::system, Layer::storage});
    around_.ssh_error.reset();
    exec_works_ = false;
    report_lost_ = false;
    boot_.reset();
    story_.reset();
    facts_took_.reset();
}

/// An end in the middle may be that of the moment: a daemon that was being restarted. Seen twice, it is news.
Async<void> Examination::ask_anew() {
    if (link_.target().proxy_command().empty() && address_.empty()) co_return;
    co_await ask_anew_once();
    const bool lost = around_.ssh_error && around_.ssh_error->code() == Code::lost;
    if (!lost && !report_lost_) co_return;
    forget_login();
    co_await ask_anew_once();
}

Async<void> Examination::ask_anew_once() {
    fresh_.reset();
    const Instant from = ports_.clock.now();
    std::unique_ptr<port::Session> own;
    auto session = co_await log_in(own);
    if (!session) co_return take_failure(session.error());
    take_login((*session)->facts(), ports_.clock.now() - from);
    std::optional<link::Place> counted;
    if (fresh_) counted.emplace(fresh_, reinterpret_cast<std::uintptr_t>(this));
    co_await ask_both_over(**session);
    co_await ask_story_over(**session);
    if (own) co_await own->close(ports_.clock.now() + goodbye_within);
}

Async<void> Examination::ask_both_over(port::Session& session) {
    using namespace boost::asio::experimental::awaitable_operators;
    const Instant asked = ports_.clock.now();
    auto answers = (ask_facts_over(session) && ask_system_over(session, system_soon)) || until_silent(session);
    auto first = co_await std::move(answers);
    if (first.index() == 1 && !facts_took_ && !around_.ssh_error) take_silence(session, ports_.clock.now() - asked);
    take_pace(session);
}

/// It let us in and then fell silent. Where TCP acknowledges nothing either, the way there broke meanwhile: that
/// is what a login would meet now, and what worked a moment ago is no longer so.
void Examination::take_silence(const port::Session& session, Duration took) {
    const auto tcp = session.tcp();
    const bool path = tcp && tcp->unacked > 0 && tcp->retransmits > 0;
    if (!path) return take_facts(failed(Code::timed_out, Stage::command, "its connection went silent"), took);
    forget_login();
    Error error(Code::timed_out, Stage::tcp, "let us in, and then acknowledged nothing more");
    take_failure(std::move(error).after(took));
}

/// Returns when not even sshd has said anything for so long, although asked each second: then nothing else is
/// worth waiting for. (A disk that hangs keeps a command from answering, not sshd.)
Async<void> Examination::until_silent(port::Session& session) {
    const Instant begun = ports_.clock.now();
    for (;;) {
        const Instant heard = std::max(begun, session.last_received());
        if (ports_.clock.now() >= heard + patience(stands_still)) co_return;
        if (!session.alive()) co_await ports_.clock.sleep_until(never);  // whoever asks over it is told so
        session.send_keepalive();
        co_await ports_.clock.sleep_until(
            std::min(heard + patience(stands_still), ports_.clock.now() + keepalive_each));
    }
}

Async<void> Examination::ask_facts_over(port::Session& session) {
    const Instant asked = ports_.clock.now();
    auto facts = co_await link_.read_facts_over(session, asked + login_facts_within);
    take_facts(facts, ports_.clock.now() - asked);
}

/// Of a new boot, how the one that we knew ended.
Async<void> Examination::ask_story_over(port::Session& session) {
    if (!boot_ || !known_.boot || !session.alive()) co_return;
    story_ = co_await told_over(ports_, link_, session, *known_.boot, *boot_, story_within);
}

/// Where one channel at a time is let through (MaxSessions 1), after the other question.
Async<void> Examination::ask_system_over(port::Session& session, Duration within) {
    const auto nonce = model::nonce(ports_.random.draw());
    const Instant until = ports_.clock.now() + within;
    WallTime sent = ports_.clock.wall_now();
    auto printed = co_await link_.ask_over(session, model::system_script(nonce), until);
    while (!printed && printed.error().code() == Code::channel_refused && !facts_took_ && !around_.ssh_error)
        co_await ports_.clock.sleep_until(ports_.clock.now() + std::chrono::milliseconds(20));
    if (!printed && printed.error().code() == Code::channel_refused && exec_works_) {
        sent = ports_.clock.wall_now();
        printed = co_await link_.ask_over(session, model::system_script(nonce), until);
    }
    take_system(printed, nonce, sent);
}

Async<void> Examination::ask_system() {
    const auto nonce = model::nonce(ports_.random.draw());
    const WallTime sent = ports_.clock.wall_now();
    auto printed = co_await link_.ask(model::system_script(nonce), ports_.clock.now() + system_within);
    take_system(printed, nonce, sent);
}

void Examination::take_system(const Result<std::string>& printed, const std::string& nonce, WallTime sent) {
    const model::AskedBetween times{sent, ports_.clock.wall_now()};
    auto parsed = printed ? model::parse_system(*printed, nonce, times)
                          : Result<std::vector<Evidence>>(std::unexpected(printed.error()));
    if (!parsed) {
        report_lost_ = parsed.error().code() == Code::lost;
        // Who cannot run a command cannot report either: that is one finding, not two.
        if (exec_works_) note(Layer::system, "system-report", Answer::fails, parsed.error().line(), Duration{0});
        return;
    }
    for (auto& evidence : *parsed) evidence_.push_back(std::move(evidence));
}

void Examination::take_pace(const port::Session& session) {
    // Who was late himself has measured his own lag.
    if (pulse_.stood_still()) return;
    const auto tcp = session.tcp();
    if (!exec_works_) {
        if (tcp && tcp->round_trip >= slow_at) around_.pace = model::Pace::slow;
        return;
    }
    around_.pace = model::Pace::usual;
    // A link with round trips of seconds looks like one that comes and goes.
    if (tcp && tcp->round_trip >= slow_at) around_.pace = model::Pace::slow;
    else if (link_.is_flapping()) around_.pace = model::Pace::comes_and_goes;
    else if (tcp && tcp->segments_resent >= lossy_resent && tcp->segments_resent * lossy_share >= tcp->segments_sent)
        around_.pace = model::Pace::lossy;
    else if (facts_took_ >= slow_command) around_.pace = model::Pace::slow;
    else if (tcp && known_.round_trip > Duration{} && tcp->round_trip >= noticed_at &&
             tcp->round_trip >= slow_times * known_.round_trip)
        around_.pace = model::Pace::slow;
    if (tcp && around_.pace == model::Pace::usual) learnt_.round_trip = tcp->round_trip;
}

}  // namespace vmc::health
