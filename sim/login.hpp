// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "port/transport.hpp"
#include "sim/network.hpp"
#include "sim/session_core.hpp"

namespace vmc::sim {

/// One attempt to reach a host, stage by stage. What it opened is dropped when it is destroyed
/// before session() was called.
class Login {
public:
    Login(SimNetwork& network, port::Clock& clock, boost::asio::any_io_executor executor, const Target& target,
          Instant deadline, port::ConnectWatcher* watcher);
    ~Login();
    Login(const Login&) = delete;

    Async<Result<std::unique_ptr<port::Session>>> run(std::map<std::string, std::string>& known_hosts);

private:
    Async<Result<void>> resolve();
    Async<Result<void>> tcp();
    Async<Result<void>> banner();
    Async<Result<void>> key_exchange();
    Result<void> host_key(std::map<std::string, std::string>& known_hosts);
    Async<Result<void>> authentication();
    Async<Result<void>> offer(std::string key, bool& accepted);
    /// The next message, which is to be `expected`.
    Async<Result<Message>> expect(Say expected);

    void begin(Stage stage);
    void end();
    void note_heard(bool anything);
    [[nodiscard]] std::unexpected<Error> fail(Code code, std::string message, std::string said = {});
    [[nodiscard]] std::unexpected<Error> over();

    SimNetwork& network_;
    port::Clock& clock_;
    boost::asio::any_io_executor executor_;
    const Target target_;
    const Instant deadline_;
    port::ConnectWatcher* watcher_;
    Stage stage_ = Stage::none;
    Instant stage_began_{};
    port::SessionFacts facts_;
    std::shared_ptr<SessionCore> core_;
};

}  // namespace vmc::sim
