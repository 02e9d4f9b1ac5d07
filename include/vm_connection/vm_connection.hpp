// SPDX-License-Identifier: Apache-2.0
// The founding API: blocking classes and exceptions. Everything is here; for the asynchronous
// core alone include <vm_connection/vm.hpp>.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <vm_connection/exceptions.hpp>
#include <vm_connection/export.hpp>
#include <vm_connection/vm.hpp>

namespace vmc VMC_API {

/// Low-level SSH operations on one VM. One thread at a time.
class SSHConnection {
public:
    /// An explicit key path means that key only. Throws std::invalid_argument when it is empty.
    SSHConnection(std::string host, std::string user, std::string key_path, int port = 22,
                  double connection_timeout = 10);
    explicit SSHConnection(Target target);
    ~SSHConnection();
    SSHConnection(SSHConnection&&) noexcept;
    SSHConnection& operator=(SSHConnection&&) noexcept;

    /// Throws AuthenticationError, HostKeyError or VMConnectionError.
    void connect();
    /// Runs `command`, calls back with each line (without its newline; stderr lines begin with
    /// "STDERR: ") on this thread, returns the exit code (128 + n when signal n ended it).
    /// Throws CommandTimeoutError, ConnectionLostError, VMConnectionError("Not connected to VM").
    int execute(const std::string& command, std::optional<double> timeout = std::nullopt,
                const std::function<void(std::string_view line)>& output_callback = {});
    /// Up to `retries` attempts, `delay` seconds apart. Zero retries: false at once.
    bool reconnect(int retries = 3, double delay = 3);
    /// "basic", "medium" or "thorough"; anything else is taken as medium, with a warning on stderr.
    bool is_alive(std::string_view level = "medium");
    /// Remembers this boot, and returns its id.
    std::string record_boot_id();
    /// False while the recorded boot lives on. Throws VMRebootDetectedError when it does not,
    /// std::logic_error before record_boot_id().
    bool check_reboot();
    void close();
    [[nodiscard]] bool connected() const;

    [[nodiscard]] Vm& vm();
    [[nodiscard]] const std::optional<BootRecord>& recorded_boot() const { return recorded_; }

private:
    std::unique_ptr<Vm> vm_;
    bool connected_ = false;
    std::optional<BootRecord> recorded_;
};

/// High-level wrapper: the same verbs, and health with confidence and evidence.
class VMConnection {
public:
    VMConnection(std::string host, std::string user, std::string key_path, int port = 22,
                 double connection_timeout = 10)
        : ssh(std::move(host), std::move(user), std::move(key_path), port, connection_timeout) {}
    explicit VMConnection(Target target) : ssh(std::move(target)) {}

    void connect() { ssh.connect(); }
    int execute(const std::string& command, std::optional<double> timeout = std::nullopt,
                const std::function<void(std::string_view line)>& output_callback = {}) {
        return ssh.execute(command, timeout, output_callback);
    }
    bool reconnect(int retries = 3, double delay = 3) { return ssh.reconnect(retries, delay); }
    [[nodiscard]] Health is_alive(std::string_view level = "medium");
    std::string record_boot_id() { return ssh.record_boot_id(); }
    bool check_reboot() { return ssh.check_reboot(); }
    void close() { ssh.close(); }

    SSHConnection ssh;
};

}  // namespace vmc VMC_API
