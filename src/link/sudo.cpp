// SPDX-License-Identifier: Apache-2.0
// Commands that go through sudo: what it grants is known before they are sent.
#include <boost/asio/experimental/awaitable_operators.hpp>

#include "link/link.hpp"
#include "model/quote.hpp"

namespace vmc::link {

namespace {

/// A wrong password costs some seconds (pam_faildelay: 2 s).
constexpr Duration asked_within = std::chrono::seconds(10);

Error refusal(model::SudoGrant grant, const Target& target) {
    const std::string who = target.user() + " on " + target.name();
    switch (grant) {
        case model::SudoGrant::wrong:
            return Error(Code::auth_denied, Stage::request, "sudo does not take the password given for " + who);
        case model::SudoGrant::wanted:
            return Error(Code::auth_denied, Stage::request,
                         "sudo wants a password for " + who + ", and none was given");
        default: return Error(Code::bad_request, Stage::request, "there is no sudo on " + target.name());
    }
}

}  // namespace

/// The line to send, and what has to come first on its standard input.
Async<Result<Request>> Link::prepare(const Command& command, std::shared_ptr<Wire> wire, Control& control,
                                     Instant until) {
    auto way = model::SudoWay::plain;
    const std::string& password = command.sudo_password();
    if (command.sudo()) {
        auto grant = co_await ask_sudo(password, std::move(wire), control, until);
        if (!grant) co_return std::unexpected(std::move(grant.error()));
        way = model::way_for(*grant, !password.empty());
    }
    auto line = model::wire_line(command, way);
    if (!line) co_return std::unexpected(std::move(line.error()));
    co_return Request(std::move(*line), way == model::SudoWay::plain ? std::string() : password + "\n");
}

/// Asked once, as long as the answer lets commands run.
Async<Result<model::SudoGrant>> Link::ask_sudo(std::string password, std::shared_ptr<Wire> wire, Control& control,
                                               Instant until) {
    if (sudo_ && (sudo_->grant == model::SudoGrant::free || sudo_->password == password)) co_return sudo_->grant;
    const auto nonce = model::nonce(ports_.random.draw());
    using namespace boost::asio::experimental::awaitable_operators;
    auto race = ask_on(*wire->session, model::sudo_script(password, nonce),
                       std::min(until, ports_.clock.now() + asked_within)) ||
                control.cancellation();
    auto first = co_await std::move(race);
    if (first.index() == 1) co_return failed(Code::cancelled, Stage::request, "cancelled while sudo was asked");
    auto& printed = std::get<0>(first);
    if (!printed) co_return std::unexpected(std::move(printed.error()));
    const auto grant = model::parse_sudo(*printed, nonce);
    if (!grant) co_return std::unexpected(grant.error());
    if (*grant >= model::SudoGrant::wrong) co_return std::unexpected(refusal(*grant, target_));
    sudo_ = KnownSudo{*grant, std::move(password)};
    co_return *grant;
}

}  // namespace vmc::link
