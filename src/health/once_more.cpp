// SPDX-License-Identifier: Apache-2.0
// What changed under our eyes. A look takes seconds; what answered before the silence says nothing of what is there
// behind it, and both together would be a machine that there never was.
#include <boost/asio/experimental/awaitable_operators.hpp>

#include "health/examination.hpp"

namespace vmc::health {

namespace {

constexpr Duration once_more_within = std::chrono::seconds(2);

}  // namespace

bool Examination::is_silent() const { return around_.ssh_error && around_.ssh_error->code() == Code::timed_out; }

/// Behind a TCP connection that was accepted.
bool Examination::is_behind_tcp() const {
    const auto stage = around_.ssh_error->stage();
    return stage != Stage::none && stage != Stage::config && stage != Stage::resolve && stage != Stage::tcp;
}

/// The quick questions again, now that there is silence.
Async<void> Examination::ask_what_answered() {
    using namespace boost::asio::experimental::awaitable_operators;
    const bool old_answered = around_.old_session == model::OldSession::answers;
    around_.answered_ping_before = learnt_.answered_ping;
    around_.refused_before = learnt_.refused_closed_port;
    auto all = ask_ping_again() && ask_closed_port_again() && ask_old_session_again() && ask_elsewhere_again();
    co_await std::move(all);
    // By whoever forwards; of the VM's TCP it says nothing.
    if (!is_behind_tcp() || around_.setting == model::Setting::forwarded) co_return;
    if (is_tcp_dead()) {
        forget_login();
        Error error(Code::timed_out, Stage::tcp, "answered until a moment ago, and now not even TCP does");
        take_failure(std::move(error).after(once_more_within));
        co_return;
    }
    // Sessions that end or stand still while their sshd is well, as when somebody froze them: who comes now?
    if (!old_answered || around_.old_session == model::OldSession::answers) co_return;
    forget_login();
    co_await ask_anew();
}

Async<void> Examination::ask_ping_again() {
    const auto* const answer = find(Layer::icmp);
    if (!answer || answer->answer != Answer::works) co_return;
    forget({Layer::icmp});
    co_await ask_ping();
}

Async<void> Examination::ask_closed_port_again() {
    const auto* const answer = find(Layer::closed_port);
    if (!answer || answer->answer != Answer::works) co_return;
    forget({Layer::closed_port});
    co_await ask_closed_port();
}

Async<void> Examination::ask_elsewhere_again() {
    const auto* const answer = find(Layer::elsewhere);
    if (!answer) co_return;
    forget({Layer::elsewhere});
    co_await ask_elsewhere();
}

Async<void> Examination::ask_old_session_again() {
    if (around_.old_session == model::OldSession::answers) co_await ask_old_session(patience(once_more_within));
}

/// Without a SYN to sshd, which counts against us where it hangs: what was asked anyhow tells enough.
bool Examination::is_tcp_dead() const {
    const auto old = around_.old_session;
    if (old == model::OldSession::answers || old == model::OldSession::acknowledged) return false;
    if (old == model::OldSession::unacknowledged) return true;
    const auto* const port = find(Layer::closed_port);
    if (port && port->answer != Answer::unknown) return port->answer == Answer::fails;
    const auto* const echo = find(Layer::icmp);
    return echo && echo->answer == Answer::fails && around_.answered_ping_before;
}

}  // namespace vmc::health
