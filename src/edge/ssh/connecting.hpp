// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "edge/ssh/host_key_book.hpp"
#include "edge/ssh/key_ring.hpp"
#include "edge/ssh/preamble.hpp"
#include "edge/ssh/proxy.hpp"
#include "edge/ssh/wire.hpp"
#include "port/transport.hpp"

namespace vmc::edge {

/// What every attempt shares.
struct ConnectParts {
    boost::asio::any_io_executor loop;
    OffLoop& helpers;
    KeyRing& keys;
    HostKeyBook& book;
    const std::string& agent_socket;
};

/// One attempt to reach a host, stage by stage. Lives for the time of one connect(); when it is
/// dropped before the end (failure, deadline, cancellation) the connection is reset.
class Connecting {
public:
    Connecting(ConnectParts parts, Target target, Instant deadline, port::ConnectWatcher* watcher);
    ~Connecting();
    Connecting(const Connecting&) = delete;
    Connecting& operator=(const Connecting&) = delete;

    Async<Result<std::unique_ptr<port::Session>>> run();
    /// As far as the host's key and no further: nothing is checked, nobody logs in.
    Async<Result<HostKey>> show_host_key();

private:
    // The stages, in order. Each ends by its own failure or by saying nothing.
    Async<Result<void>> read_keys();       // auth.cpp
    Async<Result<void>> reach();           // connecting.cpp
    Async<Result<void>> hear_banner();     // kex.cpp
    Async<Result<void>> exchange_keys();   // kex.cpp
    Async<Result<void>> check_host_key();  // kex.cpp
    Async<Result<void>> log_in();          // auth.cpp

    // kex.cpp
    [[nodiscard]] Result<void> give_options(const std::vector<std::string>& known_types);
    [[nodiscard]] Result<void> set(ssh_options_e option, const char* what, const std::string& value);
    [[nodiscard]] Result<void> refuse_weak_cipher() const;
    [[nodiscard]] int connect_step();

    // auth.cpp
    class Attempts;
    Async<Result<int>> try_none();
    Async<Result<int>> try_key(std::shared_ptr<const LoadedKey> key);
    Async<Result<int>> try_agent();
    Async<Result<bool>> try_file(std::string path);
    Async<Result<bool>> try_reading(std::shared_ptr<const KeyReading> reading);
    [[nodiscard]] Error denied() const;
    [[nodiscard]] Error auth_error() const;
    void note_failure();

    void begin(Stage stage);
    void end_stage();
    /// Waits until the socket can be gone on with; false at the stage's limit.
    Async<bool> hear();
    [[nodiscard]] Instant limit() const;  ///< the attempt's deadline, or the stage's own if that is sooner
    [[nodiscard]] Error late(std::string message) const;
    [[nodiscard]] ssh_session session() const { return wire_->handle()->session(); }

    ConnectParts parts_;
    Target target_;
    Instant deadline_;
    port::ConnectWatcher* watcher_;
    Stage stage_ = Stage::none;
    Instant stage_began_{};
    port::SessionFacts facts_;
    std::shared_ptr<Wire> wire_;
    std::unique_ptr<ProxyProcess> proxy_;
    Overheard overheard_;
    std::vector<std::string> locked_;    ///< key files that need a passphrase
    std::vector<std::string> unlocked_;  ///< key files that can be used at once
    std::vector<std::string> troubles_;  ///< one line for each key file that cannot be used
    std::vector<std::string> tried_;
    std::string offered_;                ///< methods, as the server named them last
    bool asked_none_ = false;
    bool partial_ = false;
};

}  // namespace vmc::edge
