// SPDX-License-Identifier: Apache-2.0
#include "health/check.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "flow/deadline.hpp"
#include "model/confidence.hpp"
#include "model/system_report.hpp"

namespace vmc::health {

namespace {

constexpr Duration basic_within = std::chrono::seconds(5);
constexpr Duration ping_within = std::chrono::seconds(2);
constexpr Duration probe_within = std::chrono::seconds(10);
constexpr Duration system_within = std::chrono::seconds(25);

/// Collects the answers of one check.
class Check {
public:
    Check(link::Ports ports, port::Prober& prober, link::Link& link, Level level)
        : ports_(std::move(ports)), prober_(prober), link_(link), level_(level), begun_(ports_.clock.now()) {}

    Async<Health> run() {
        const bool direct = link_.target().proxy_command().empty();
        if (direct) co_await ask_route();
        if (level_ == Level::basic) {
            if (!address_.empty()) co_await ask_network();
        } else {
            using namespace boost::asio::experimental::awaitable_operators;
            auto both = ask_ping() && ask_ssh();
            co_await std::move(both);
        }
        if (level_ == Level::thorough && exec_works_) co_await ask_system();
        auto health = model::assess(level_, std::move(evidence_), around_);
        if (!health.response_time && longest_ > Duration{0}) health.response_time = longest_;
        co_return health;
    }

private:
    void note(Layer layer, std::string check, Answer answer, std::string detail, Duration took) {
        Evidence evidence;
        evidence.layer = layer;
        evidence.check = std::move(check);
        evidence.answer = answer;
        evidence.detail = std::move(detail);
        evidence.took = took;
        if (answer == Answer::works) longest_ = std::max(longest_, took);
        evidence_.push_back(std::move(evidence));
    }

    Async<void> ask_route() {
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

    Async<void> ask_ping() {
        if (address_.empty()) co_return;
        auto ping = co_await prober_.ping(address_, ports_.clock.now() + ping_within);
        note(Layer::icmp, "icmp-echo", ping.answer, ping.detail, ping.round_trip);
    }

    Async<void> ask_network() {
        using namespace boost::asio::experimental::awaitable_operators;
        auto both = ask_ping() && ask_port();
        co_await std::move(both);
    }

    /// A session of ours that answers tells more than a knock, and costs sshd nothing.
    Async<void> ask_port() {
        if (const auto wire = link_.current(); wire && wire->usable()) {
            around_.port_behavior = "open";
            const auto tcp = wire->session->tcp();
            note(Layer::tcp, "tcp-connect", Answer::works, "a session is open", tcp ? tcp->round_trip : Duration{0});
            co_return;
        }
        auto knock = co_await prober_.knock(address_, link_.target().port(), begun_ + basic_within);
        take_port(knock);
    }

    void take_port(const port::PortReading& knock) {
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

    Async<void> ask_ssh() {
        const Instant from = ports_.clock.now();
        auto up = co_await link_.connect();
        if (!up) {
            take_failure(up.error());
            co_return;
        }
        const Duration took = ports_.clock.now() - from;
        around_.port_behavior = "open";
        if (const auto wire = link_.current()) {
            const auto& facts = wire->session->facts();
            note(Layer::tcp, "tcp-connect", Answer::works, "port " + std::to_string(link_.target().port()) + " is open",
                 Duration{0});
            note(Layer::banner, "ssh-banner", Answer::works, facts.server_banner, Duration{0});
        }
        note(Layer::authentication, "ssh-login", Answer::works, "as " + link_.target().user(), took);
        co_await ask_exec();
    }

    /// Which layers a failed connect speaks for: those before its stage work, its own fails.
    void take_failure(const Error& error) {
        around_.ssh_error = error;
        const auto stage = error.stage();
        const std::string words = error.line();
        const bool not_tried = error.code() == Code::auth_held || error.code() == Code::held;
        if (stage == Stage::config || stage == Stage::none || not_tried) {
            note(Layer::authentication, "ssh-login", Answer::unknown, words, error.took());
            return;
        }
        if (stage == Stage::resolve) return;  // the route has said so
        if (stage == Stage::tcp) {
            around_.port_behavior = error.code() == Code::refused       ? "refused"
                                    : error.code() == Code::unreachable ? "unreachable"
                                    : error.code() == Code::timed_out   ? "filtered"
                                                                        : "unknown";
            note(Layer::tcp, "tcp-connect", error.code() == Code::local ? Answer::unknown : Answer::fails, words,
                 error.took());
            return;
        }
        around_.port_behavior = "open";
        note(Layer::tcp, "tcp-connect", Answer::works, "port is open", Duration{0});
        if (stage == Stage::banner) {
            note(Layer::banner, "ssh-banner", Answer::fails, words, error.took());
            return;
        }
        note(Layer::banner, "ssh-banner", Answer::works, "", Duration{0});
        note(Layer::authentication, "ssh-login", Answer::fails, words, error.took());
    }

    Async<void> ask_exec() {
        const Instant from = ports_.clock.now();
        auto facts = co_await link_.read_facts(from + probe_within);
        const Duration took = ports_.clock.now() - from;
        exec_works_ = facts.has_value();
        if (facts) {
            note(Layer::exec, "command", Answer::works, "boot id " + facts->boot_id.text(), took);
        } else {
            around_.ssh_error = facts.error();
            // Not admitted, or by ourselves not let through: nothing was learnt of the VM.
            const Code code = facts.error().code();
            const bool not_asked = code == Code::channel_refused || code == Code::held || code == Code::auth_held;
            note(Layer::exec, "command", not_asked ? Answer::unknown : Answer::fails, facts.error().line(), took);
        }
    }

    Async<void> ask_system() {
        const auto nonce = model::nonce(ports_.random.draw());
        const WallTime sent = ports_.clock.wall_now();
        auto printed = co_await link_.ask(model::system_script(nonce), ports_.clock.now() + system_within);
        const model::AskedBetween times{sent, ports_.clock.wall_now()};
        auto parsed = printed ? model::parse_system(*printed, nonce, times)
                              : Result<std::vector<Evidence>>(std::unexpected(printed.error()));
        if (!parsed) {
            note(Layer::system, "system-report", Answer::fails, parsed.error().line(), Duration{0});
            co_return;
        }
        for (auto& evidence : *parsed) evidence_.push_back(std::move(evidence));
    }

    link::Ports ports_;
    port::Prober& prober_;
    link::Link& link_;
    Level level_;
    Instant begun_;
    std::string address_;
    bool exec_works_ = false;
    Duration longest_{};
    std::vector<Evidence> evidence_;
    model::Circumstances around_;
};

}  // namespace

Async<Health> check(link::Ports ports, port::Prober& prober, link::Link& link, Level level) {
    Check check(std::move(ports), prober, link, level);
    co_return co_await check.run();
}

}  // namespace vmc::health
