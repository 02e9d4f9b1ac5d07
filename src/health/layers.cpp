// SPDX-License-Identifier: Apache-2.0
#include "health/layers.hpp"

#include <algorithm>

#include <boost/asio/experimental/awaitable_operators.hpp>

namespace vmc::health {

namespace {

constexpr Duration basic_within = std::chrono::seconds(5);
constexpr Duration ping_within = std::chrono::milliseconds(1750);
constexpr Duration probe_within = std::chrono::seconds(10);

}  // namespace

Layers::Layers(link::Ports ports, port::Prober& prober, link::Link& link, Duration lag)
    : ports_(std::move(ports)), prober_(prober), link_(link), begun_(ports_.clock.now()), lag_before_(lag),
      pulse_(ports_.clock), old_(link.current()) {}

Duration Layers::patience(Duration base) const {
    constexpr int round_trips = 3;
    constexpr Duration longest = std::chrono::seconds(6);
    const auto tcp = old_ && !old_->ended ? old_->session->tcp() : std::nullopt;
    const Duration late = std::min(std::max(lag_before_, pulse_.lag()), longest);
    return base + late + std::min<Duration>(round_trips * (tcp ? tcp->round_trip : known_.round_trip), longest);
}

void Layers::note(Layer layer, std::string check, Answer answer, std::string detail, Duration took) {
    Evidence evidence;
    evidence.layer = layer;
    evidence.check = std::move(check);
    evidence.answer = answer;
    evidence.detail = std::move(detail);
    evidence.took = took;
    if (answer == Answer::works) longest_ = std::max(longest_, took);
    evidence_.push_back(std::move(evidence));
}

const Evidence* Layers::find(Layer layer) const {
    const auto found = std::ranges::find(evidence_, layer, &Evidence::layer);
    return found == evidence_.end() ? nullptr : &*found;
}

void Layers::forget(std::initializer_list<Layer> layers) {
    std::erase_if(evidence_, [&](const Evidence& e) { return std::ranges::find(layers, e.layer) != layers.end(); });
}

Async<void> Layers::ask_route() {
    auto found = co_await prober_.resolve(link_.target().host(), begun_ + basic_within);
    const Duration took = ports_.clock.now() - begun_;
    if (found && !found->empty()) {
        address_ = found->front();
        note(Layer::route, "resolve", Answer::works, address_, took);
    } else {
        const std::string detail = found ? "the name has no address" : found.error().line();
        note(Layer::route, "resolve", Answer::fails, detail, took);
        if (!found) around_.ssh_error = found.error();
    }
}

Async<void> Layers::ask_ping() {
    if (address_.empty()) co_return;
    auto ping = co_await prober_.ping(address_, ports_.clock.now() + patience(ping_within));
    if (ping.answer == Answer::works) learnt_.answered_ping = true;
    note(Layer::icmp, "icmp-echo", ping.answer, ping.detail, ping.round_trip);
}

Async<void> Layers::ask_network() {
    using namespace boost::asio::experimental::awaitable_operators;
    auto both = ask_ping() && ask_port();
    co_await std::move(both);
}

/// A session of ours that answers tells more than a knock, and costs sshd nothing.
Async<void> Layers::ask_port() {
    if (old_ && old_->usable()) {
        around_.port_behavior = "open";
        const auto tcp = old_->session->tcp();
        note(Layer::tcp, "tcp-connect", Answer::works, "a session is open", tcp ? tcp->round_trip : Duration{0});
        co_return;
    }
    auto knock = co_await prober_.knock(address_, link_.target().port(), begun_ + basic_within);
    take_port(knock);
}

void Layers::take_port(const port::PortReading& knock) {
    switch (knock.answer) {
        case port::PortAnswer::open: around_.port_behavior = "open"; break;
        case port::PortAnswer::refused: around_.port_behavior = "refused"; break;
        case port::PortAnswer::silent: around_.port_behavior = "filtered"; break;
        case port::PortAnswer::rejected:
        case port::PortAnswer::no_neighbour: around_.port_behavior = "unreachable"; break;
        case port::PortAnswer::unknown: around_.port_behavior = "unknown"; break;
    }
    const Answer answer = knock.answer == port::PortAnswer::open      ? Answer::works
                          : knock.answer == port::PortAnswer::unknown ? Answer::unknown
                                                                      : Answer::fails;
    note(Layer::tcp, "tcp-connect", answer, knock.detail, knock.took);
}

Async<void> Layers::ask_ssh() {
    const Instant from = ports_.clock.now();
    auto up = co_await link_.connect();
    if (!up) {
        take_failure(up.error());
        co_return;
    }
    if (const auto wire = link_.current()) take_login(wire->session->facts(), ports_.clock.now() - from);
    const Instant asked = ports_.clock.now();
    auto facts = co_await link_.read_facts(asked + probe_within);
    take_facts(facts, ports_.clock.now() - asked);
}

void Layers::take_login(const port::SessionFacts& facts, Duration took) {
    around_.port_behavior = "open";
    note(Layer::tcp, "tcp-connect", Answer::works, "port " + std::to_string(link_.target().port()) + " is open",
         Duration{0});
    note(Layer::banner, "ssh-banner", Answer::works, facts.server_banner, Duration{0});
    note(Layer::authentication, "ssh-login", Answer::works, "as " + link_.target().user(), took);
}

/// Which layers a failed connect speaks for: those before its stage work, its own fails.
void Layers::take_failure(const Error& error) {
    around_.ssh_error = error;
    const auto stage = error.stage();
    const std::string words = error.line();
    const bool not_tried = error.code() == Code::auth_held || error.code() == Code::held;
    if (stage == Stage::config || stage == Stage::none || not_tried) {
        note(Layer::authentication, "ssh-login", Answer::unknown, words, error.took());
        return;
    }
    if (stage == Stage::resolve) return;  // the route has said so
    if (stage == Stage::tcp) return take_failure_at_tcp(error);
    around_.port_behavior = "open";
    note(Layer::tcp, "tcp-connect", Answer::works, "port is open", Duration{0});
    if (stage == Stage::banner) {
        note(Layer::banner, "ssh-banner", Answer::fails, words, error.took());
        return;
    }
    note(Layer::banner, "ssh-banner", Answer::works, "", Duration{0});
    note(Layer::authentication, "ssh-login", Answer::fails, words, error.took());
}

void Layers::take_failure_at_tcp(const Error& error) {
    around_.port_behavior = error.code() == Code::refused       ? "refused"
                            : error.code() == Code::unreachable ? "unreachable"
                            : error.code() == Code::timed_out   ? "filtered"
                                                                : "unknown";
    note(Layer::tcp, "tcp-connect", error.code() == Code::local ? Answer::unknown : Answer::fails, error.line(),
         error.took());
}

void Layers::take_facts(const Result<model::Facts>& facts, Duration took) {
    if (facts) {
        exec_works_ = true;
        boot_ = facts->record(ports_.clock.wall_now(), ports_.clock.now(), took);
        facts_took_ = took;
        note(Layer::exec, "command", Answer::works, "boot id " + facts->boot_id.text(), took);
        return;
    }
    around_.ssh_error = facts.error();
    // Not admitted, or by ourselves not let through: nothing was learnt of the VM.
    const Code code = facts.error().code();
    const bool not_asked = code == Code::channel_refused || code == Code::held || code == Code::auth_held;
    note(Layer::exec, "command", not_asked ? Answer::unknown : Answer::fails, facts.error().line(), took);
}

}  // namespace vmc::health
