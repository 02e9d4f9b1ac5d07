// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "edge/os/off_loop.hpp"
#include "edge/ssh/host_key_book.hpp"
#include "edge/ssh/key_ring.hpp"
#include "port/transport.hpp"

namespace vmc::edge {

/// Where this machine keeps things; named by whoever reads the environment.
class SshPlaces {
public:
    /// Ours, in the state directory; accepted keys go there.
    SshPlaces& own_known_hosts(std::string path) {
        own_known_hosts_ = std::move(path);
        return *this;
    }
    /// Read for targets that name no files: ~/.ssh/known_hosts, /etc/ssh/ssh_known_hosts.
    SshPlaces& known_hosts(std::vector<std::string> paths) {
        known_hosts_ = std::move(paths);
        return *this;
    }
    /// SSH_AUTH_SOCK; empty: no agent.
    SshPlaces& agent(std::string socket) {
        agent_ = std::move(socket);
        return *this;
    }

    [[nodiscard]] const std::string& own_known_hosts() const noexcept { return own_known_hosts_; }
    [[nodiscard]] const std::vector<std::string>& known_hosts() const noexcept { return known_hosts_; }
    [[nodiscard]] const std::string& agent() const noexcept { return agent_; }

private:
    std::string own_known_hosts_;
    std::vector<std::string> known_hosts_;
    std::string agent_;
};

/// port::Transport over libssh. One loop thread; must outlive its connects, not its sessions, and
/// die before the loop. Keys, known hosts and names are read on helper threads of its own.
class SshTransport final : public port::Transport {
public:
    SshTransport(boost::asio::any_io_executor loop, SshPlaces places);

    Async<Result<std::unique_ptr<port::Session>>> connect(const Target& target, Instant deadline,
                                                          port::ConnectWatcher* watcher = nullptr) override;

    /// For `vmc trust`: what a host shows now, unchecked, and where to write down what is trusted. Costs
    /// the host one connection that is given up before login.
    Async<Result<HostKey>> show_host_key(const Target& target, Instant deadline);
    [[nodiscard]] HostKeyBook& host_keys() noexcept { return book_; }

private:
    [[nodiscard]] std::unique_ptr<class Connecting> attempt(const Target& target, Instant deadline,
                                                            port::ConnectWatcher* watcher);

    boost::asio::any_io_executor loop_;
    SshPlaces places_;
    OffLoop helpers_;
    KeyRing keys_;
    HostKeyBook book_;
};

}  // namespace vmc::edge
