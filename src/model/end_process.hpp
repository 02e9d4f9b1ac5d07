// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <vm_connection/error.hpp>
#include <vm_connection/outcome.hpp>

#include "model/script.hpp"

namespace vmc::model {

/// Which command of one SSH connection is to be ended. sshd makes every command a session leader
/// and its own child, in the order of the exec requests; so the n commands we know to run, in
/// that order, are the n session leaders found, in the order of their start. When the numbers
/// differ nothing is touched.
class EndOrder {
public:
    /// Run over the same connection: the children of our own sshd, but for the script itself.
    [[nodiscard]] static EndOrder same_connection(std::size_t index, std::size_t live, Duration grace) {
        return EndOrder("", index, live, grace);
    }
    /// Run over another one: session leaders below an sshd that were given this SSH_CONNECTION
    /// (as read on the VM; readable for the same user and for root).
    [[nodiscard]] static EndOrder other_connection(std::string ssh_connection, std::size_t index, std::size_t live,
                                                   Duration grace) {
        return EndOrder(std::move(ssh_connection), index, live, grace);
    }

    std::string ssh_connection;  ///< empty: the same connection
    std::size_t index;           ///< of ours among them, from 0
    std::size_t live;            ///< how many commands run on that connection, ours included
    Duration grace;              ///< from TERM to KILL

private:
    EndOrder(std::string connection, std::size_t place, std::size_t count, Duration patience)
        : ssh_connection(std::move(connection)), index(place), live(count), grace(patience) {}
};

/// TERM (and CONT) to the process group and to every other process of the session, KILL to what
/// is left after the grace, then looks whether all are gone. Each process is known by pid and
/// start time; a process that left for a session of its own is not signalled, and while a child that did
/// still runs the answer is no. Ends within grace +
/// about 1 s. Bytes in ssh_connection that do not belong there end the program (ensure).
[[nodiscard]] std::string end_script(const EndOrder& order, std::string_view nonce);

struct EndAnswer {
    Known killed = Known::unknown;  ///< unknown: nothing was signalled, or we could not see the end
    std::string reason;             ///< for people: "gone after TERM", "found 3 commands where 2 should run"
};

[[nodiscard]] Result<EndAnswer> parse_end(std::string_view printed, std::string_view nonce);

}  // namespace vmc::model
