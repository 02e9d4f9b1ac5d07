// SPDX-License-Identifier: Apache-2.0
// The founding API: blocking, with exceptions.
#include <cstdio>
#include <stdexcept>

#include <vm_connection/vm_connection.hpp>

#include "model/exit_code.hpp"
#include "model/lines.hpp"

namespace vmc {

namespace {

Duration span(double seconds) { return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds)); }

Target checked_target(std::string host, std::string user, std::string key_path, int port, double timeout) {
    if (key_path.empty()) throw std::invalid_argument("key_path must not be empty");
    if (port < 1 || port > 65535) throw std::invalid_argument("port must be between 1 and 65535");
    Target target(std::move(host));
    target.user(std::move(user)).port(static_cast<std::uint16_t>(port)).key(std::move(key_path));
    target.connect_timeout(span(timeout));
    return target;
}

Level level_or_medium(std::string_view text) {
    if (const auto level = parse_level(text)) return *level;
    std::fprintf(stderr, "vm-connection: unknown level '%.*s', taken as medium\n", static_cast<int>(text.size()),
                 text.data());
    return Level::medium;
}

/// Lines for the callback, stderr marked.
class Lines {
public:
    explicit Lines(const std::function<void(std::string_view)>& call)
        : out_([&call](std::string_view line, bool) { call(line); }),
          err_([&call](std::string_view line, bool) { call("STDERR: " + std::string(line)); }) {}
    void take(Stream stream, std::string_view bytes) { (stream == Stream::out ? out_ : err_).feed(bytes); }
    void finish() {
        out_.finish();
        err_.finish();
    }

private:
    model::LineSplitter out_;
    model::LineSplitter err_;
};

}  // namespace

void throw_error(const Error& error) {
    switch (error.code()) {
        case Code::auth_denied:
        case Code::auth_held:
        case Code::key_unusable: throw AuthenticationError(error.line());
        case Code::host_key_changed:
        case Code::host_key_revoked:
        case Code::host_key_unknown: throw HostKeyError(error.line());
        default: throw VMConnectionError(error.line());
    }
}

SSHConnection::SSHConnection(std::string host, std::string user, std::string key_path, int port, double timeout)
    : SSHConnection(checked_target(std::move(host), std::move(user), std::move(key_path), port, timeout)) {}
SSHConnection::SSHConnection(Target target) : vm_(std::make_unique<Vm>(std::move(target))) {}
SSHConnection::~SSHConnection() = default;
SSHConnection::SSHConnection(SSHConnection&&) noexcept = default;
SSHConnection& SSHConnection::operator=(SSHConnection&&) noexcept = default;

void SSHConnection::connect() {
    if (auto up = vm().connect().get(); !up) throw_error(up.error());
    connected_ = true;
}

int SSHConnection::execute(const std::string& line, std::optional<double> timeout,
                           const std::function<void(std::string_view)>& output_callback) {
    if (!connected_) throw VMConnectionError("Not connected to VM");
    Command command(line);
    if (timeout) command.within(span(*timeout));
    Lines lines(output_callback);
    HereFn take;
    if (output_callback) take = [&](Stream stream, std::string_view bytes) { lines.take(stream, bytes); };
    const auto outcome = vm().run_here(command, take);
    lines.finish();
    if (const auto* timed_out = outcome.as<TimedOut>())
        throw CommandTimeoutError(line, timeout.value_or(0), timed_out->killed);
    if (outcome.as<Lost>()) throw ConnectionLostError(outcome.line(), outcome.may_have_run());
    if (const auto* refused = outcome.as<Refused>()) throw_error(refused->why);
    return model::exit_code_of(outcome);
}

bool SSHConnection::reconnect(int retries, double delay) {
    connected_ = vm().reconnect(retries, span(delay)).get();
    return connected_;
}

bool SSHConnection::is_alive(std::string_view level) { return vm().health(level_or_medium(level)).get().alive; }

std::string SSHConnection::record_boot_id() {
    if (!connected_) throw VMConnectionError("Not connected to VM");
    auto boot = vm().boot().get();
    if (!boot) throw_error(boot.error());
    recorded_ = std::move(*boot);
    return recorded_->boot_id.text();
}

bool SSHConnection::check_reboot() {
    if (!recorded_) throw std::logic_error("No boot ID recorded: call record_boot_id() first");
    if (!connected_) throw VMConnectionError("Not connected to VM");
    auto now = vm().boot().get();
    if (!now) throw_error(now.error());
    const auto change = compare(*recorded_, *now);
    switch (change) {
        case BootChange::none:
        case BootChange::pause:
        case BootChange::unknown: return false;
        case BootChange::other_machine:
        case BootChange::ambiguous: throw VMConnectionError("another machine answers: the boots cannot be compared");
        default: break;
    }
    throw VMRebootDetectedError(recorded_->boot_id.text(), now->boot_id.text(), change);
}

void SSHConnection::close() {
    if (!vm_) return;
    const Target target = vm_->target();
    vm_ = std::make_unique<Vm>(target);  // the old one closes its link; this one may connect again
    connected_ = false;
}

bool SSHConnection::connected() const { return connected_; }

Vm& SSHConnection::vm() { return *vm_; }

Health VMConnection::is_alive(std::string_view level) { return ssh.vm().health(level_or_medium(level)).get(); }

}  // namespace vmc
