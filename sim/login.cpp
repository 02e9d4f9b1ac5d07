// SPDX-License-Identifier: Apache-2.0
#include "sim/login.hpp"

#include <utility>
#include <vector>

#include "flow/deadline.hpp"
#include "sim/session.hpp"
#include "sim/transport.hpp"

namespace vmc::sim {

namespace {
constexpr Duration keepalive_each = std::chrono::seconds(15);
}  // namespace

Login::Login(SimNetwork& network, port::Clock& clock, boost::asio::any_io_executor executor, const Target& target,
             Instant deadline, port::ConnectWatcher* watcher)
    : network_(network), clock_(clock), executor_(std::move(executor)), target_(target), deadline_(deadline),
      watcher_(watcher) {}

Login::~Login() {
    if (core_) core_->shut(Error(Code::cancelled, Stage::none, "given up while connecting"));
}

void Login::begin(Stage stage) {
    stage_ = stage;
    stage_began_ = clock_.now();
    if (watcher_) watcher_->stage_began(stage);
}

void Login::note_heard(bool anything) {
    if (anything && watcher_) watcher_->heard();
}

void Login::end() {
    const Duration took = clock_.now() - stage_began_;
    facts_.stages.emplace_back(stage_, took);
    if (watcher_) watcher_->stage_ended(stage_, took);
}

std::unexpected<Error> Login::fail(Code code, std::string message, std::string said) {
    Error error(code, stage_, std::move(message));
    error.said(std::move(said)).after(clock_.now() - stage_began_);
    return std::unexpected(std::move(error));
}

/// The connection ended, or the time.
std::unexpected<Error> Login::over() {
    if (!core_->over()) return fail(Code::timed_out, "no answer in time");
    auto lost = fail(Code::lost, core_->over()->message());
    if (core_->over()->is_given_up_here()) lost.error().given_up_here();
    return lost;
}

Async<Result<std::unique_ptr<port::Session>>> Login::run(std::map<std::string, std::string>& known_hosts) {
    auto done = co_await resolve();
    if (done) done = co_await tcp();
    if (done) done = co_await banner();
    if (done) done = co_await key_exchange();
    if (done) done = host_key(known_hosts);
    if (done) done = co_await authentication();
    if (!done) co_return std::unexpected(done.error());
    core_->logged_in = true;
    co_return std::make_unique<SimSession>(std::exchange(core_, nullptr), std::move(facts_),
                                           !target_.proxy_command().empty());
}

Async<Result<void>> Login::resolve() {
    begin(Stage::resolve);
    if (!network_.names_answer) co_await clock_.sleep_until(deadline_);
    if (!network_.names_answer) co_return fail(Code::timed_out, "the resolver does not answer");
    const SimHost* const host = network_.find(target_.host());
    const bool numeric = target_.host().find_first_not_of("0123456789.") == std::string::npos;
    if (!host && !numeric) co_return fail(Code::unknown_name, "nobody knows " + target_.host());
    facts_.peer_address = host ? host->address() : target_.host();
    end();
    co_return Result<void>{};
}

Async<Result<void>> Login::tcp() {
    begin(Stage::tcp);
    auto connection = network_.connection(facts_.peer_address, target_.port());
    facts_.peer_port = target_.port();
    facts_.local_address = our_address;
    facts_.local_port = connection->client_port;
    core_ = std::make_shared<SessionCore>(clock_, executor_, connection);
    connection->dial();
    while (!core_->over() && !core_->up()) {
        auto woken = core_->changed.wait();
        const bool in_time = co_await flow::finishes(clock_, deadline_, std::move(woken));
        if (!in_time) co_return over();
    }
    if (core_->over()) {
        const Ending how = core_->how_it_ended.value_or(Ending::timed_out);
        const bool no_way = how == Ending::rejected || how == Ending::no_neighbour;
        const Code code = how == Ending::refused ? Code::refused : no_way ? Code::unreachable : Code::timed_out;
        co_return fail(code, std::string(words(how)));
    }
    if (!target_.proxy_command().empty()) facts_.peer_address.clear();
    end();
    co_return Result<void>{};
}

Async<Result<void>> Login::banner() {
    begin(Stage::banner);
    core_->say(Message(Say::banner, 0, "SSH-2.0-vm-connection"));
    std::optional<Message> heard;
    while (!heard && !core_->over() && clock_.now() < deadline_) {
        heard = co_await core_->hear(std::min(deadline_, clock_.now() + keepalive_each));
        if (!heard) core_->probe();
    }
    note_heard(heard.has_value());
    if (!heard) co_return over();
    if (heard->say == Say::line) co_return fail(Code::throttled, "sshd asks us to come back later", heard->text);
    facts_.server_banner = heard->text;
    end();
    co_return Result<void>{};
}

Async<Result<Message>> Login::expect(Say expected) {
    auto heard = co_await core_->hear(deadline_);
    note_heard(heard.has_value());
    if (!heard) co_return over();
    if (heard->say != expected) co_return fail(Code::protocol, "the server said something else");
    co_return std::move(*heard);
}

Async<Result<void>> Login::key_exchange() {
    begin(Stage::key_exchange);
    core_->say(Message(Say::kexinit, 0, std::string(1000, 'k')));
    auto agreed = co_await expect(Say::kexinit);
    if (!agreed) co_return std::unexpected(agreed.error());
    core_->say(Message(Say::kex_ask));
    auto reply = co_await expect(Say::kex_reply);
    if (!reply) co_return std::unexpected(reply.error());
    facts_.host_key = reply->text;
    end();
    co_return Result<void>{};
}

Result<void> Login::host_key(std::map<std::string, std::string>& known_hosts) {
    begin(Stage::host_key);
    const std::string place = target_.host() + ":" + std::to_string(target_.port());
    const std::string name = target_.host_key_alias().empty() ? place : target_.host_key_alias();
    const auto known = known_hosts.find(name);
    facts_.host_key_was_new = known == known_hosts.end();
    if (target_.host_keys() == HostKeyPolicy::pinned) {
        if (facts_.host_key != target_.pin())
            return fail(Code::host_key_changed, "not the pinned key: " + facts_.host_key);
    } else if (!facts_.host_key_was_new && known->second != facts_.host_key) {
        return fail(Code::host_key_changed, "the host key of " + name + " has changed to " + facts_.host_key);
    } else if (facts_.host_key_was_new && target_.host_keys() == HostKeyPolicy::strict) {
        return fail(Code::host_key_unknown, "never seen " + name);
    }
    known_hosts[name] = facts_.host_key;
    end();
    return {};
}

Async<Result<void>> Login::authentication() {
    begin(Stage::authentication);
    core_->say(Message(Say::newkeys));
    core_->say(Message(Say::service_request));
    auto served = co_await expect(Say::service_accept);
    if (!served) co_return std::unexpected(served.error());
    std::vector<std::string> keys = target_.keys();
    if (target_.agent()) keys.emplace_back("agent");
    for (const auto& key : keys) {
        bool accepted = false;
        auto offered = co_await offer(key, accepted);
        if (!offered) co_return offered;
        if (!accepted) continue;
        facts_.key_used = key;
        end();
        co_return Result<void>{};
    }
    co_return fail(Code::auth_denied, "denied for " + target_.user(), "publickey");
}

Async<Result<void>> Login::offer(std::string key, bool& accepted) {
    Message request(Say::userauth_request, 0, target_.user().empty() ? "root" : target_.user());
    request.more = std::move(key);
    core_->say(std::move(request));
    auto heard = co_await core_->hear(deadline_);
    note_heard(heard.has_value());
    if (!heard) co_return over();
    if (heard->say == Say::userauth_banner) co_return fail(Code::booting, "the system is booting up", heard->text);
    accepted = heard->say == Say::userauth_success;
    co_return Result<void>{};
}

Async<Result<std::unique_ptr<port::Session>>> SimTransport::connect(const Target& target, Instant deadline,
                                                                    port::ConnectWatcher* watcher) {
    ++attempts;
    Login login(network_, clock_, executor_, target, deadline, watcher);
    co_return co_await login.run(known_hosts);
}

}  // namespace vmc::sim
