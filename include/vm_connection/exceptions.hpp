// SPDX-License-Identifier: Apache-2.0
// What the founding classes throw. Everything else in the library returns its failures.
#pragma once

#include <stdexcept>
#include <string>

#include <vm_connection/boot.hpp>
#include <vm_connection/error.hpp>
#include <vm_connection/export.hpp>
#include <vm_connection/outcome.hpp>

namespace vmc VMC_API {

class VMConnectionError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// The command was ended on the VM, as far as `killed` says.
class CommandTimeoutError : public VMConnectionError {
public:
    CommandTimeoutError(const std::string& command, double timeout_seconds, Known killed)
        : VMConnectionError("Command timed out after " + seconds(timeout_seconds) + "s: " + command), command(command),
          timeout(timeout_seconds), killed(killed) {}
    std::string command;
    double timeout;  ///< seconds
    Known killed;

private:
    static std::string seconds(double value) {
        std::string text = std::to_string(value);
        text.erase(text.find_last_not_of('0') + 1);
        if (text.back() == '.') text.pop_back();
        return text;
    }
};

/// The life recorded is over. `change` says how: reboot, soft_reboot, snapshot_revert or re_imaged; only
/// the first is called a reboot.
class VMRebootDetectedError : public VMConnectionError {
public:
    VMRebootDetectedError(const std::string& before, const std::string& after, BootChange change = BootChange::reboot)
        : VMConnectionError(words(before, after, change)), before(before), after(after), change(change) {}
    std::string before;
    std::string after;
    BootChange change;

private:
    static std::string words(const std::string& before, const std::string& after, BootChange change) {
        switch (change) {
            case BootChange::soft_reboot:
                return "VM has restarted its user space (soft reboot) under the same kernel, boot id " + after;
            case BootChange::snapshot_revert: return "VM was put back to a snapshot of the same boot, boot id " + after;
            case BootChange::re_imaged: return "VM was installed anew: boot id was " + before + ", is now " + after;
            default: return "VM has rebooted: boot id was " + before + ", is now " + after;
        }
    }
};

class AuthenticationError : public VMConnectionError {
public:
    using VMConnectionError::VMConnectionError;
};
/// The host key is not the one we know. Nothing was sent to it.
class HostKeyError : public VMConnectionError {
public:
    using VMConnectionError::VMConnectionError;
};
/// The link ended before the command did. It is never sent again by itself.
class ConnectionLostError : public VMConnectionError {
public:
    ConnectionLostError(const std::string& what, Known may_have_run)
        : VMConnectionError(what), may_have_run(may_have_run) {}
    Known may_have_run;
};

/// AuthenticationError, HostKeyError or VMConnectionError, whichever fits.
[[noreturn]] void throw_error(const Error& error);

}  // namespace vmc VMC_API
