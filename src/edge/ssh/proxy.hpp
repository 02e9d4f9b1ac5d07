// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <vm_connection/error.hpp>
#include <vm_connection/target.hpp>

#include "edge/os/fd.hpp"
#include "port/async.hpp"

namespace vmc::edge {

/// A running proxy command. libssh's own would leave our descriptors open in it, throw its stderr
/// away and block in waitpid (L18). Destroying this asks the process group to end (TERM, KILL
/// after 2 s) and reaps it in the background, without SIGCHLD and without waiting.
class ProxyProcess {
public:
    /// Starts `/bin/sh -c command` with its stdin and stdout on the socket that comes back.
    static Result<std::unique_ptr<ProxyProcess>> start(const boost::asio::any_io_executor& loop,
                                                       const std::string& command, Fd& socket);
    ~ProxyProcess();

    /// Returns when it has closed its stderr or `until` is reached: its reasons may still be on their way
    /// when its connection has already ended. One waiter.
    Async<void> fall_silent(Instant until);
    /// The last line it wrote to stderr, at most 1 KiB; foreign bytes.
    [[nodiscard]] std::string last_words() const;

private:
    struct State;
    explicit ProxyProcess(std::shared_ptr<State> state) : state_(std::move(state)) {}
    std::shared_ptr<State> state_;
};

/// Fills in %h, %p, %r, %n and %% as ssh_config(5) has them. Refuses a host or user name that is
/// not plain words: it would be read by a shell.
[[nodiscard]] Result<std::string> proxy_command_for(const Target& target);

}  // namespace vmc::edge
