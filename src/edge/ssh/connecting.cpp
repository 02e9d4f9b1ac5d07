// SPDX-License-Identifier: Apache-2.0
#include "edge/ssh/connecting.hpp"

#include "edge/os/dial.hpp"
#include "edge/os/system_clock.hpp"
#include "edge/ssh/session.hpp"
#include "edge/ssh/transport.hpp"

namespace vmc::edge {

namespace {

/// A proxy command that fails closes the connection first and its stderr a moment later.
constexpr std::chrono::milliseconds proxy_words_wait{200};

/// How long a stage may take at most, whatever the caller's deadline. sshd ends an unauthenticated
/// connection after LoginGraceTime (120 s): waiting longer than 110 s learns nothing more. That time
/// begins with the banner; before it the connection may wait in the listen queue, and costs nobody anything.
Duration patience_for(Stage stage) {
    using std::chrono::seconds;
    switch (stage) {
        case Stage::resolve: return seconds(30);  // resolv.conf: 2 servers, 2 tries, 5 s each, and some
        case Stage::tcp: return seconds(130);     // the kernel's own six SYN retries: 127 s
        case Stage::banner: return seconds(900);
        default: return seconds(110);
    }
}

}  // namespace

Connecting::Connecting(ConnectParts parts, Target target, Instant deadline, port::ConnectWatcher* watcher)
    : parts_(std::move(parts)), target_(std::move(target)), deadline_(deadline), watcher_(watcher) {}

Connecting::~Connecting() {
    if (wire_) wire_->end(Error(Code::cancelled, stage_, "the attempt was dropped"), true);
}

void Connecting::begin(Stage stage) {
    end_stage();
    stage_ = stage;
    stage_began_ = SystemClock::read();
    if (watcher_) watcher_->stage_began(stage);
}

void Connecting::end_stage() {
    if (stage_ == Stage::none) return;
    const Duration took = SystemClock::read() - stage_began_;
    facts_.stages.emplace_back(stage_, took);
    if (watcher_) watcher_->stage_ended(stage_, took);
    stage_ = Stage::none;
}

Instant Connecting::limit() const { return std::min(deadline_, stage_began_ + patience_for(stage_)); }

Async<bool> Connecting::hear() {
    const bool ready = co_await wire_->ready(limit());
    if (ready && watcher_ && wire_->has_input()) watcher_->heard();
    co_return ready;
}

Error Connecting::late(std::string message) const { return Error(Code::timed_out, stage_, std::move(message)); }

Async<Result<std::unique_ptr<port::Session>>> Connecting::run() {
    constexpr Async<Result<void>> (Connecting::* steps[])() = {&Connecting::read_keys,      &Connecting::reach,
                                                               &Connecting::hear_banner,    &Connecting::exchange_keys,
                                                               &Connecting::check_host_key, &Connecting::log_in};
    for (const auto step : steps) {
        auto done = co_await (this->*step)();
        if (done) continue;
        const Duration took = SystemClock::read() - stage_began_;
        Error why = std::move(done.error());
        if (proxy_ && why.peer_words().empty()) {
            co_await proxy_->fall_silent(std::min(deadline_, SystemClock::read() + proxy_words_wait));
            why.said(proxy_->last_words());
        }
        end_stage();
        co_return std::unexpected(std::move(why).after(took));
    }
    end_stage();
    wire_->begin();
    co_return std::make_unique<SshSession>(std::move(wire_), std::move(facts_), std::move(proxy_));
}

Async<Result<void>> Connecting::reach() {
    Fd socket;
    if (!target_.proxy_command().empty()) {
        begin(Stage::tcp);
        auto command = proxy_command_for(target_);
        if (!command) co_return std::unexpected(std::move(command.error()));
        auto process = ProxyProcess::start(parts_.loop, *command, socket);
        if (!process) co_return std::unexpected(std::move(process.error()));
        proxy_ = std::move(*process);
    } else {
        begin(Stage::resolve);
        auto addresses = co_await resolve(parts_.helpers, target_.host(), target_.port(), limit());
        if (!addresses) co_return std::unexpected(std::move(addresses.error()));
        begin(Stage::tcp);
        auto dialled = co_await dial(parts_.loop, std::move(*addresses), limit());
        if (!dialled) co_return std::unexpected(std::move(dialled.error()));
        socket = std::move(*dialled);
        if (const auto peer = Endpoint::peer_of(socket.get())) {
            facts_.peer_address = peer->address();
            facts_.peer_port = peer->port();
        }
        if (const auto local = Endpoint::local_of(socket.get())) {
            facts_.local_address = local->address();
            facts_.local_port = local->port();
        }
    }
    auto wire = Wire::over(parts_.loop, std::move(socket), !proxy_);
    if (!wire) co_return std::unexpected(std::move(wire.error()));
    wire_ = std::move(*wire);
    co_return Result<void>();
}

SshTransport::SshTransport(boost::asio::any_io_executor loop, SshPlaces places)
    : loop_(std::move(loop)), places_(std::move(places)), helpers_(loop_), keys_(helpers_),
      book_(helpers_, places_.own_known_hosts(), places_.known_hosts()) {}

namespace {
Async<Result<std::unique_ptr<port::Session>>> run(std::unique_ptr<Connecting> attempt) {
    co_return co_await attempt->run();
}
Async<Result<HostKey>> show(std::unique_ptr<Connecting> attempt) { co_return co_await attempt->show_host_key(); }
}  // namespace

/// The target is copied here, before anything waits: the caller may change his.
std::unique_ptr<Connecting> SshTransport::attempt(const Target& target, Instant deadline,
                                                  port::ConnectWatcher* watcher) {
    ConnectParts parts{loop_, helpers_, keys_, book_, places_.agent()};
    return std::make_unique<Connecting>(std::move(parts), target, deadline, watcher);
}

Async<Result<std::unique_ptr<port::Session>>> SshTransport::connect(const Target& target, Instant deadline,
                                                                    port::ConnectWatcher* watcher) {
    return run(attempt(target, deadline, watcher));
}

Async<Result<HostKey>> SshTransport::show_host_key(const Target& target, Instant deadline) {
    return show(attempt(target, deadline, nullptr));
}

}  // namespace vmc::edge
