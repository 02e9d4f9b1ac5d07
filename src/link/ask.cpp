// SPDX-License-Identifier: Apache-2.0
// Probes: a script in, what it printed out.
#include <algorithm>

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "flow/deadline.hpp"
#include "link/link.hpp"

namespace vmc::link {

namespace {

constexpr Duration goodbye_within = std::chrono::milliseconds(150);
/// Of what a probe says on its standard error.
constexpr std::size_t complaint_kept = 1024;

}  // namespace

Async<Result<std::string>> Link::ask(std::string script, Instant deadline, std::size_t limit, bool* left) {
    auto told = co_await ask_over_any(std::move(script), deadline, limit, left);
    if (!told) co_return std::unexpected(std::move(told.error()));
    co_return std::move(told->text);
}

Async<Result<std::string>> Link::ask_anew(std::string script, Instant deadline) {
    auto fresh = co_await second_session(deadline);
    if (!fresh) co_return std::unexpected(std::move(fresh.error()));
    auto answer = co_await ask_on(**fresh, std::move(script), deadline);
    co_await (*fresh)->close(ports_.clock.now() + goodbye_within);
    co_return answer;
}

Async<Result<model::Facts>> Link::read_facts(Instant deadline) {
    const Instant asked = ports_.clock.now();
    const auto nonce = model::nonce(ports_.random.draw());
    auto told = co_await ask_over_any(model::facts_script(nonce), deadline, short_answer);
    if (!told) co_return std::unexpected(std::move(told.error()));
    auto facts = model::parse_facts(told->text, nonce);
    if (!facts) co_return facts;
    facts->identity.host_key = std::move(told->host_key);
    if (told->over && !told->over->facts) learnt(told->over, *facts, asked);
    co_return facts;
}

/// Over the session that commands would use, or beside it: a stalled consumer holds up all that its session
/// says (L22), and a server may allow one channel at a time. Neither is news of the VM.
Async<Result<Link::Told>> Link::ask_over_any(std::string script, Instant deadline, std::size_t limit, bool* left) {
    auto wire = co_await usable_wire(deadline, nullptr);
    if (!wire) co_return std::unexpected(wire.error());
    if (!(*wire)->session->paused()) {
        const Place counted(*wire, reinterpret_cast<std::uintptr_t>(&wire));  // or an end would miscount
        auto answer = co_await ask_on(*(*wire)->session, script, deadline, limit, left);
        if (answer) co_return Told(std::move(*answer), (*wire)->session->facts().host_key, *wire);
        if (answer.error().code() != Code::channel_refused) co_return std::unexpected(std::move(answer.error()));
    }
    auto second = co_await second_session(deadline);
    if (!second) co_return std::unexpected(std::move(second.error()));
    auto answer = co_await ask_on(**second, std::move(script), deadline, limit, left);
    Told told(answer ? std::move(*answer) : std::string(), (*second)->facts().host_key, nullptr);
    co_await (*second)->close(ports_.clock.now() + goodbye_within);
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    co_return told;
}

Async<Result<model::Facts>> Link::read_facts_on(port::Session& session, Instant deadline) {
    const auto nonce = model::nonce(ports_.random.draw());
    auto printed = co_await ask_on(session, model::facts_script(nonce), deadline, short_answer);
    if (!printed) co_return std::unexpected(printed.error());
    auto facts = model::parse_facts(*printed, nonce);
    if (facts) facts->identity.host_key = session.facts().host_key;
    co_return facts;
}

Async<Result<std::string>> Link::ask_on(port::Session& session, std::string script, Instant deadline, std::size_t limit,
                                        bool* left) {
    Error late(Code::timed_out, Stage::command, "a probe on the VM did not answer in time");
    auto asking = ask_unlimited(session, std::move(script), deadline, limit, left);
    co_return co_await flow::with_deadline(ports_.clock, deadline, std::move(late), std::move(asking));
}

Async<Result<std::string>> Link::ask_unlimited(port::Session& session, std::string script, Instant deadline,
                                               std::size_t limit, bool* left) {
    auto channel = co_await session.exec(std::string(model::script_command), std::nullopt, deadline, nullptr);
    if (!channel) co_return std::unexpected(channel.error());
    if (left) *left = true;
    co_return co_await converse(**channel, std::move(script), limit);
}

Async<Result<std::string>> Link::converse(port::Channel& channel, std::string script, std::size_t limit) {
    // What is over already (nologin) takes no input; what it has said is the answer all the same.
    auto written = co_await channel.write(std::move(script));
    if (written) (void)co_await channel.send_eof();
    std::string answer, complaint;
    for (;;) {
        auto event = co_await channel.next();
        if (!event) co_return std::unexpected(event.error());
        if (const auto* data = std::get_if<port::Data>(&*event)) {
            if (data->stream == port::Stream::out) answer += data->bytes;
            else if (complaint.size() < complaint_kept) complaint += data->bytes.substr(0, complaint_kept);
            if (answer.size() > limit)
                co_return failed(Code::protocol, Stage::command, "a probe on the VM answered too much");
        } else if (std::holds_alternative<port::ChannelClosed>(*event)) {
            if (answer.empty() && model::cannot_start(complaint)) {
                Error cannot(Code::protocol, Stage::command, "the VM cannot start a command");
                co_return std::unexpected(std::move(cannot).said(complaint));
            }
            co_return answer;
        }
    }
}

/// What the channel says, into the sink, to its end.
Async<void> Link::pour(port::Channel& channel, Sink& sink, Result<void>& ended) {
    ended = failed(Code::lost, Stage::command, "the connection was replaced");
    for (;;) {
        co_await sink.ready();
        auto event = co_await channel.next();
        if (!event) {
            ended = std::unexpected(event.error());
            co_return;
        }
        if (auto* data = std::get_if<port::Data>(&*event)) sink.take(data->stream, std::move(data->bytes));
        else if (std::holds_alternative<port::ChannelClosed>(*event)) break;
    }
    ended = Result<void>();
}

/// Returns when this wire has gone quiet and another serves.
Async<void> Link::until_passed_over(std::shared_ptr<Wire> wire) {
    while (!wire->other_boot && (!wire->suspect() || current_ == wire || !usable())) co_await changed_.wait();
}

Async<void> Link::until_away_for(Duration span) {
    const Instant begun = ports_.clock.now();
    std::optional<Instant> since;
    for (;;) {
        const Instant now = ports_.clock.now();
        if (usable()) since.reset();
        else if (!since) since = current_ ? std::max(begun, current_->suspect_since.value_or(now)) : now;
        if (since && now - *since >= span) co_return;
        using namespace boost::asio::experimental::awaitable_operators;
        const Instant look_again = since ? *since + span : never;
        if (const auto watched = current_) {
            auto race = changed_.wait() || watched->changed.wait() || ports_.clock.sleep_until(look_again);
            co_await std::move(race);
        } else {
            co_await flow::finishes(ports_.clock, look_again, changed_.wait());
        }
    }
}

Async<Result<void>> Link::stream(std::string script, Sink& sink, Instant deadline) {
    auto wire = co_await usable_wire(deadline, nullptr);
    if (!wire) co_return std::unexpected(wire.error());
    const Place counted(*wire, reinterpret_cast<std::uintptr_t>(&sink));
    auto channel = co_await (*wire)->session->exec(std::string(model::script_command), std::nullopt, deadline, nullptr);
    if (!channel) co_return std::unexpected(channel.error());
    auto written = co_await (*channel)->write(std::move(script));
    if (written) (void)co_await (*channel)->send_eof();
    Result<void> ended;
    {
        using namespace boost::asio::experimental::awaitable_operators;
        auto pouring = pour(**channel, sink, ended) || until_passed_over(*wire) || ports_.clock.sleep_until(deadline);
        co_await std::move(pouring);
    }
    co_return ended;
}

}  // namespace vmc::link
