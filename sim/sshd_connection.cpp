// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "sim/host.hpp"
#include "sim/sshd.hpp"

namespace vmc::sim {

namespace {

constexpr Duration login_grace_time = std::chrono::seconds(120);  // sshd's default
constexpr std::size_t socket_buffer = 256 * 1024;
constexpr int max_auth_tries = 6;
constexpr const char* nologin_words =
    "\"System is booting up. Unprivileged users are not permitted to log in yet. Please come back later. For technical "
    "details, see pam_nologin(8).\"\n";

}  // namespace

SshdConnection::SshdConnection(Sshd& sshd, SimHost& host, std::shared_ptr<TcpConnection> tcp)
    : sshd_(sshd), host_(host), tcp_(std::move(tcp)) {
    tcp_->server.attach(this);
    origin_.ssh_connection = std::string(our_address) + " " + std::to_string(tcp_->client_port) + " " + host.address() +
                             " " + std::to_string(tcp_->server_port);
    origin_.sshd_pid = host.next_pid();
    origin_.sshd_started = host.agenda().now();
}

SshdConnection::~SshdConnection() {
    if (grace_) host_.agenda().strike(*grace_);
    tcp_->server.vanish();
}

void SshdConnection::say(Say what, std::uint32_t channel, std::string text, std::uint64_t number) {
    tcp_->server.send(Message(what, channel, std::move(text), number));
}

void SshdConnection::begin() {
    begun_ = true;
    const bool full = sshd_.unauthenticated() > static_cast<std::size_t>(host_.max_startups);
    if (host_.suffers(Trouble::throttled) || full) {
        ++sshd_.turned_away;
        host_.story().tell(host_.name(), "sshd turns a connection away: " + host_.throttle_words);
        say(Say::line, 0, host_.throttle_words + "\r\n");
        return stop();
    }
    say(Say::banner, 0, host_.banner);
    grace_ = host_.agenda().after(login_grace_time, [this] {
        grace_.reset();
        if (host_.thinks() && !authenticated()) stop();
    });
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
    if (!authenticated() && failures_ == 0) ++sshd_.abandoned;
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
    switch (message.say) {
        case Say::banner: return;
        case Say::kexinit: return say(Say::kexinit);
        case Say::kex_ask: return say(Say::kex_reply, 0, host_.host_key());
        case Say::service_request: return say(Say::service_accept);
        case Say::userauth_request: return authenticate(message);
        case Say::disconnect: return stop();
        default:
            if (authenticated()) connection_message(message);
    }
}

void SshdConnection::authenticate(const Message& message) {
    const std::string& name = message.text;
    const bool known = host_.authorized.empty() || host_.authorized.contains({name, message.more});
    if (!known || host_.suffers(Trouble::login_denied)) {
        ++sshd_.denials;
        host_.story().tell(host_.name(), "sshd denies " + name);
        say(Say::userauth_failure, 0, "publickey");
        if (++failures_ >= max_auth_tries) stop();
        return;
    }
    if (host_.suffers(Trouble::booting_message) && name != "root") {
        ++failures_;
        say(Say::userauth_banner, 0, nologin_words);
        say(Say::userauth_failure, 0, "publickey");
        return;
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
    if (host_.suffers(Trouble::fork_fails)) return say(Say::request_failure, message.channel);
    say(Say::request_success, message.channel);
    if (!host_.forced_words.empty()) return refuse_shell(message);
    Process& child = host_.run(message.text, origin_, *this, message.channel);
    slot.pid = child.pid;
    child.run();
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
