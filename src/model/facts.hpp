// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <vm_connection/boot.hpp>
#include <vm_connection/error.hpp>

#include "model/script.hpp"

namespace vmc::model {

/// Who a VM is and which life of it this is, as read by one authenticated command.
struct Facts {
    explicit Facts(BootId id) : boot_id(std::move(id)) {}

    BootId boot_id;
    std::string incarnation;      ///< "pid1=17,soft-reboots=0", see BootRecord
    Identity identity;            ///< machine-id and product uuid; the host key is added by who connected
    Duration uptime{};            ///< zero: not read
    std::string ssh_connection;   ///< "client port server port", as sshd told the VM's side
    std::int64_t sshd_pid = 0;    ///< the sshd process of this connection, parent of its commands; 0: not read
    std::uint64_t sshd_start = 0; ///< its start in clock ticks after boot (proc(5) stat, field 22)

    WallTime booted_at{};         ///< see BootRecord; zero: not read

    /// `read_at`, `read_on`: our clocks when the answer had come; `took`: since the question.
    [[nodiscard]] BootRecord record(WallTime read_at, Instant read_on = {}, Duration took = {}) const;
};

/// Shell builtins only, so that it answers on a VM that cannot fork any more; but systemctl (at
/// most 2 s, where `timeout` exists) for the number of soft reboots.
[[nodiscard]] std::string facts_script(std::string_view nonce);

/// Strict: a value that does not have its proper form is left out. Without a boot id there are no
/// facts (Code::protocol); errors of answer_of() are passed on.
[[nodiscard]] Result<Facts> parse_facts(std::string_view printed, std::string_view nonce);

}  // namespace vmc::model
