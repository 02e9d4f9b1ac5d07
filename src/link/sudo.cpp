// SPDX-License-Identifier: Apache-2.0
// Commands that go through sudo: what it grants is known before they are sent.
#include <boost/asio/experimental/awaitable_operators.hpp>

#include "flow/deadline.hpp"
#include "link/link.hpp"
#include "model/quote.hpp"

namespace vmc::link {

namespace {

/// sudo looks its host's name up, several times, and waits 2 s after a wrong password (pam_faildelay).
constexpr Duration asked_within = std::chrono::seconds(30);
constexpr Duration ask_sudo_again = std::chrono::milliseconds(100);

/// True for a while, and everybody is told when it is over.
class Flag {
public:
    Flag(bool& flag, flow::Event& over) : flag_(flag), over_(over) { flag_ = true; }
    Flag(const Flag&) = delete;
    Flag& operator=(const Flag&) = delete;
    ~Flag() {
        flag_ = false;
        over_.notify();
    }

private:
    bool& flag_;
    flow::Event& over_;
};

Error refusal(model::SudoGrant grant, const Target& target) {
    const std::string who = target.user() + " on " + target.name();
    const auto denied = [&](std::string words) { return Error(Code::auth_denied, Stage::request, std::move(words)); };
    switch (grant) {
        case model::SudoGrant::wrong:
            return denied("sudo does not take the password given for " + who + ", or lets that user do nothing");
        case model::SudoGrant::wanted: return denied("sudo wants a password for " + who + ", and none was given");
        case model::SudoGrant::forgetful:
            return denied("sudo on " + target.name() +
                          " remembers no password (timestamp_timeout=0): none can be given");
        case model::SudoGrant::indiscreet:
            return denied("/bin/sh on " + target.name() + " cannot hand a password to sudo unseen");
        default: return Error(Code::bad_request, Stage::request, "there is no sudo on " + target.name());
    }
}

}  // namespace

/// What is known fits this command; a password that was refused is not tried again (pam_faillock).
bool Link::sudo_known_for(const Command& command) const {
    if (!command.sudo() || command.pty()) return true;
    return sudo_ && (sudo_->grant == model::SudoGrant::free || sudo_->password == command.sudo_password());
}

/// Returns with what sudo grants known, or why the command is refused. One question at a time; what is
/// known goes with the wire it was asked over.
Async<std::optional<Error>> Link::ask_sudo(const Command& command, Control& control, Instant until) {
    while (!sudo_known_for(command)) {
        if (asking_sudo_) {
            using namespace boost::asio::experimental::awaitable_operators;
            auto race = changed_.wait() || control.cancellation() || ports_.clock.sleep_until(until);
            co_await std::move(race);
            if (control.cancelled || ports_.clock.now() >= until)
                co_return Error(control.cancelled ? Code::cancelled : Code::timed_out, Stage::request,
                                "sudo has not answered");
            continue;
        }
        auto wire = co_await usable_wire(until, &control);
        if (!wire) co_return wire.error();
        if (asking_sudo_) continue;
        auto answer = co_await ask_sudo_on(*wire, command.sudo_password(), control, until);
        if (answer) sudo_ = KnownSudo{*answer, command.sudo_password()};
        else if (control.cancelled || ports_.clock.now() >= until || !passes(answer.error().code()))
            co_return answer.error();
        else co_await ports_.clock.sleep_until(ports_.clock.now() + ask_sudo_again);
    }
    if (!command.sudo() || command.pty() || model::opens(sudo_->grant)) co_return std::nullopt;
    auto refused = refusal(sudo_->grant, target_);
    if (sudo_->grant != model::SudoGrant::wrong) sudo_.reset();  // it may be put right meanwhile
    co_return refused;
}

/// Reasons of the connection, not of sudo: another try may go well.
bool Link::passes(Code code) { return code == Code::lost || code == Code::cancelled || code == Code::channel_refused; }

Async<Result<model::SudoGrant>> Link::ask_sudo_on(std::shared_ptr<Wire> wire, std::string password, Control& control,
                                                  Instant until) {
    const Flag asking(asking_sudo_, changed_);
    const auto nonce = model::nonce(ports_.random.draw());
    const Place place(wire, reinterpret_cast<std::uintptr_t>(&asking));
    using namespace boost::asio::experimental::awaitable_operators;
    auto race = ask_on(*wire->session, model::sudo_script(password, nonce),
                       std::min(until, ports_.clock.now() + asked_within)) ||
                control.cancellation();
    auto first = co_await std::move(race);
    if (first.index() == 1) co_return failed(Code::cancelled, Stage::request, "cancelled while sudo was asked");
    auto& printed = std::get<0>(first);
    if (!printed) co_return std::unexpected(std::move(printed.error()));
    co_return model::parse_sudo(*printed, nonce);
}

/// The line to send, and what has to come first on its standard input.
Result<Request> Link::request_for(const Command& command) const {
    const bool asked = command.sudo() && !command.pty();
    const auto way = asked ? model::way_for(sudo_->grant, !command.sudo_password().empty()) : model::SudoWay::plain;
    auto line = model::wire_line(command, way);
    if (!line) return std::unexpected(std::move(line.error()));
    return Request(std::move(*line), way == model::SudoWay::plain ? std::string() : command.sudo_password() + "\n");
}

}  // namespace vmc::link
