// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "sim/host.hpp"
#include "sim/sshd.hpp"

namespace vmc::sim {

namespace {

constexpr Duration login_grace_time = std::chrono::seconds(120);  // sshd's default
constexpr std::size_t socket_buffer = 256 * 1024;
constexpr int max_auth_tries = 6;
constexpr Duration fork_and_exec = std::chrono::microseconds(500);
constexpr const char* booting_words =
    "\"System is booting up. Unprivileged users are not permitted to log in yet. Please come back later. For technical "
    "details, see pam_nologin(8).\"\n";
constexpr const char* shutdown_words =
    "\"System is going down. Unprivileged users are not permitted to log in anymore. For technical details, see "
    "pam_nologin(8).\"\n";

}  // namespace

SshdConnection::SshdConnection(Sshd& sshd, SimHost& host, std::shared_ptr<TcpConnection> tcp)
    : sshd_(sshd), host_(host), tcp_(std::move(tcp)), accepted_at_(host.agenda().now()) {
    tcp_->server.attach(this);
    origin_.ssh_connection = host.ssh_connection(tcp_->client_port);
    origin_.sshd_pid = host.next_pid();
    origin_.sshd_started = host.uptime();
}

SshdConnection::~SshdConnection() {
    if (grace_) host_.agenda().strike(*grace_);
    if (tcp_) tcp_->server.vanish();
}

void SshdConnection::say(Say what, std::uint32_t channel, std::string text, std::uint64_t number) {
    tcp_->server.send(Message(what, channel, std::move(text), number));
}

/// Its machine is gone, and somebody else stands at its end.
std::shared_ptr<TcpConnection> SshdConnection::let_go() {
    wind_up();
    return std::exchange(tcp_, nullptr);
}

/// As OpenSSH does: the listener accepts, cannot fork and closes. What the client has said by then decides
/// between RST and FIN.
void SshdConnection::lose_for_want_of_a_process() {
    host_.story().tell(host_.name(), "sshd: fork: Resource temporarily unavailable");
    if (chance(host_.random(), 0.5)) return stop();
    tcp_->server.abort();
    wind_up();
}

void SshdConnection::begin() {
    begun_ = true;
    const bool unlucky = host_.suffers(Trouble::processes_scarce) && chance(host_.random(), 0.5);
    if (host_.suffers(Trouble::fork_fails) || unlucky) return lose_for_want_of_a_process();
    const bool full = sshd_.unauthenticated() > static_cast<std::size_t>(host_.max_startups);
    if (host_.gatekeeper().refuses()) return turn_away("Not allowed at this time");
    if (host_.suffers(Trouble::throttled) || full) return turn_away(host_.throttle_words);
    say(Say::banner, 0, host_.banner);
    grace_ = host_.agenda().after(login_grace_time, [this] {
        grace_.reset();
        if (!host_.thinks() || authenticated()) return;
        host_.gatekeeper().met(Gatekeeper::Offence::grace_exceeded);
        stop();
    });
}

void SshdConnection::turn_away(const std::string& words) {
    ++sshd_.turned_away;
    host_.story().tell(host_.name(), "sshd turns a connection away: " + words);
    say(Say::line, 0, words + "\r\n");
    stop();
}

void SshdConnection::kill() {
    if (!over_ && !authenticated()) host_.gatekeeper().met(Gatekeeper::Offence::crash);
    stop();
}

/// By the client's doing: "Connection closed by … [preauth]" in the log. Who left by RST before sshd had asked for his
/// address has none: nothing is logged, nobody is penalised (measured on OpenSSH 9.2 with a hundred in the queue of a
/// stopped sshd, and with a hundred right behind their ACK; in 9.8's srclimit.c getpeername(2) fails likewise).
void SshdConnection::note_departure(Ending ending) {
    if (authenticated()) return;
    const bool at_once = !heard_ && host_.agenda().now() - accepted_at_ < fork_and_exec;
    if (!begun_) ++sshd_.left_unserved;
    if (ending == Ending::reset && (!begun_ || at_once) && !host_.knows_who_reset) return;
    if (failures_ == 0) ++sshd_.abandoned;
    if (!begun_) return sshd_.note_unserved();  // sshd has yet to hear of it
    host_.gatekeeper().met(failures_ > 0 ? Gatekeeper::Offence::authfail : Gatekeeper::Offence::noauth);
}

/// FIN after what is queued; whoever was served is on his own.
void SshdConnection::stop() {
    if (over_) return;
    tcp_->server.finish();
    tcp_->server.attach(nullptr);
    wind_up();
}

void SshdConnection::ended(Ending ending) {
    if (over_) return;
    note_departure(ending);
    if (ending == Ending::fin) tcp_->server.finish();
    wind_up();
}

void SshdConnection::wind_up() {
    over_ = true;
    if (grace_) host_.agenda().strike(*std::exchange(grace_, std::nullopt));
    for (auto& [channel, slot] : slots_) {
        Process* const child = process(slot);
        if (!child) continue;
        child->orphan();
        if (slot.pty) child->signal("HUP");
    }
    slots_.clear();
}

void SshdConnection::received(const Message& message) {
    if (over_) return;
    heard_ = true;
    switch (message.say) {
        case Say::banner: return;
        case Say::kexinit: return say(Say::kexinit);
        case Say::kex_ask: return reply_to_key_exchange();
        case Say::service_request: return say(Say::service_accept);
        case Say::userauth_request: return authenticate(message);
        case Say::disconnect: return leave();
        default:
            if (authenticated()) connection_message(message);
    }
}

/// In order.
void SshdConnection::leave() {
    note_departure(Ending::fin);
    stop();
}

/// The reply, NEWKEYS and EXT_INFO leave in one write: more than a packet of 1400 bytes holds.
void SshdConnection::reply_to_key_exchange() {
    if (host_.suffers(Trouble::processes_scarce)) return stop();  // its own process began; its unprivileged one cannot
    Message reply(Say::kex_reply, 0, host_.host_key());
    reply.more = std::string(1500, 'k');
    tcp_->server.send(std::move(reply));
}

void SshdConnection::authenticate(const Message& message) {
    const std::string& name = message.text;
    const bool known = host_.authorized.empty() || host_.authorized.contains({name, message.more});
    if (!known || host_.suffers(Trouble::login_denied)) {
        ++sshd_.denials;
        host_.story().tell(host_.name(), "sshd denies " + name);
        say(Say::userauth_failure, 0, "publickey");
        if (++failures_ < max_auth_tries) return;
        host_.gatekeeper().met(Gatekeeper::Offence::authfail);
        return stop();
    }
    const bool booting = host_.suffers(Trouble::booting_message);
    if ((booting || host_.suffers(Trouble::shutdown_message)) && name != "root") {
        host_.gatekeeper().met(Gatekeeper::Offence::pam);
        say(Say::userauth_banner, 0, booting ? booting_words : shutdown_words);
        say(Say::userauth_failure, 0, "publickey");
        return stop();
    }
    origin_.user = name;
    ++sshd_.logins;
    if (grace_) host_.agenda().strike(*std::exchange(grace_, std::nullopt));
    host_.story().tell(host_.name(), "sshd accepts " + name);
    say(Say::userauth_success);
}

void SshdConnection::connection_message(const Message& message) {
    if (message.say == Say::keepalive) return say(Say::keepalive_reply);
    if (message.say == Say::channel_open) return open_channel(message.channel);
    const auto found = slots_.find(message.channel);
    if (found == slots_.end()) return;
    Slot& slot = found->second;
    Process* const child = process(slot);
    switch (message.say) {
        case Say::pty: slot.pty = true; return;
        case Say::exec: return exec(message, slot);
        case Say::data:
            if (child) child->input(message.text);
            return;
        case Say::eof:
            if (child) child->input_end();
            return;
        case Say::signal:
            if (child && host_.obeys_signals && origin_.user != "root") child->signal(message.text);
            return;
        case Say::close:
            slot.closed_by_them = true;
            if (child) child->orphan();
            if (child && slot.pty) child->signal("HUP");
            return close_channel(message.channel, slot);
        default: return;
    }
}

void SshdConnection::open_channel(std::uint32_t channel) {
    sweep();
    if (slots_.size() >= static_cast<std::size_t>(host_.max_sessions))
        return say(Say::channel_refuse, channel, "open failed");
    slots_.emplace(channel, Slot{});
    say(Say::channel_confirm, channel, {}, 2 * 1024 * 1024);
}

void SshdConnection::exec(const Message& message, Slot& slot) {
    const bool shell_fails = host_.suffers(Trouble::shell_fork_fails);
    if (host_.suffers(Trouble::fork_fails) && !shell_fails) return say(Say::request_failure, message.channel);
    say(Say::request_success, message.channel);
    if (host_.suffers(Trouble::exec_hangs)) return;
    if (shell_fails) return fail_to_fork(message);
    if (!host_.forced_words.empty()) return refuse_shell(message);
    Process& child = host_.run(message.text, origin_, *this, message.channel);
    slot.pid = child.pid;
    child.run();
}

/// What bash says when it gives up.
void SshdConnection::fail_to_fork(const Message& message) {
    write(message.channel, port::Stream::err, "bash: fork: Resource temporarily unavailable\n");
    exited(message.channel, 254);
    output_closed(message.channel);
}

void SshdConnection::refuse_shell(const Message& message) {
    write(message.channel, port::Stream::out, host_.forced_words + "\n");
    exited(message.channel, 1);
    output_closed(message.channel);
}

Process* SshdConnection::process(const Slot& slot) { return slot.pid ? host_.find(slot.pid) : nullptr; }

void SshdConnection::room() {
    std::vector<int> children;
    children.reserve(slots_.size());
    for (const auto& [channel, slot] : slots_) children.push_back(slot.pid);
    for (const int pid : children)
        if (Process* const child = host_.find(pid)) child->room();
}

bool SshdConnection::write(std::uint32_t channel, port::Stream stream, const std::string& bytes) {
    if (tcp_->server.queued() >= socket_buffer) return false;
    say(stream == port::Stream::out ? Say::data : Say::extended_data, channel, bytes);
    return true;
}

void SshdConnection::read_input(std::uint32_t channel, std::size_t bytes) { say(Say::window, channel, {}, bytes); }

void SshdConnection::exited(std::uint32_t channel, std::uint64_t code) {
    if (host_.says_status) say(Say::exit_status, channel, {}, code);
}

void SshdConnection::signalled(std::uint32_t channel, const std::string& name) { say(Say::exit_signal, channel, name); }

void SshdConnection::output_closed(std::uint32_t channel) {
    const auto found = slots_.find(channel);
    if (found == slots_.end()) return;
    say(Say::eof, channel);
    close_channel(channel, found->second);
}

void SshdConnection::close_channel(std::uint32_t channel, Slot& slot) {
    if (!std::exchange(slot.closed_by_us, true)) say(Say::close, channel);
}

bool SshdConnection::free(const Slot& slot) {
    const Process* const child = process(slot);
    return slot.closed_by_us && slot.closed_by_them && (!child || child->ended());
}

void SshdConnection::sweep() {
    std::erase_if(slots_, [this](const auto& entry) { return free(entry.second); });
}

}  // namespace vmc::sim
