// SPDX-License-Identifier: Apache-2.0
// sshd on a simulated machine: the listener, and one server for each connection.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sim/process.hpp"
#include "sim/tcp.hpp"

namespace vmc::sim {

class SimHost;
class Sshd;

/// One connection, as OpenSSH serves it.
class SshdConnection final : public TcpUser, public Parent {
public:
    SshdConnection(Sshd& sshd, SimHost& host, std::shared_ptr<TcpConnection> tcp);
    ~SshdConnection() override;

    /// The listener has forked for it. Not called while sshd is frozen.
    void begin();
    void freeze(bool on) { tcp_->server.hold(on); }
    /// The process dies: FIN, and its sessions lose their output.
    void kill();
    std::shared_ptr<TcpConnection> let_go();
    void reset() {
        tcp_->client.reset();
        tcp_->server.reset();
    }

    [[nodiscard]] bool begun() const noexcept { return begun_; }
    [[nodiscard]] bool authenticated() const noexcept { return !origin_.user.empty(); }
    [[nodiscard]] bool over() const noexcept { return over_; }
    [[nodiscard]] bool left_by_client() const { return tcp_->client.gone(); }
    /// Over, and nothing is left that the kernel must still deliver.
    [[nodiscard]] bool drained() const { return over_ && tcp_->server.queued() == 0; }

    void received(const Message& message) override;
    void ended(Ending ending) override;
    void room() override;
    bool write(std::uint32_t channel, port::Stream stream, const std::string& bytes) override;
    void read_input(std::uint32_t channel, std::size_t bytes) override;
    void exited(std::uint32_t channel, std::uint64_t code) override;
    void signalled(std::uint32_t channel, const std::string& name) override;
    void output_closed(std::uint32_t channel) override;

private:
    /// A session slot: counted against MaxSessions until its channel is closed and its child has ended.
    struct Slot {
        int pid = 0;
        bool pty = false;
        bool closed_by_us = false;
        bool closed_by_them = false;
    };
    void authenticate(const Message& message);
    void connection_message(const Message& message);
    void open_channel(std::uint32_t channel);
    void exec(const Message& message, Slot& slot);
    void refuse_shell(const Message& message);
    void fail_to_fork(const Message& message);
    void lose_for_want_of_a_process();
    void reply_to_key_exchange();
    void close_channel(std::uint32_t channel, Slot& slot);
    bool free(const Slot& slot);
    void sweep();
    void say(Say what, std::uint32_t channel = 0, std::string text = {}, std::uint64_t number = 0);
    void stop();
    void leave();
    void turn_away(const std::string& words);
    void note_departure(Ending ending);
    void wind_up();
    Process* process(const Slot& slot);

    Sshd& sshd_;
    SimHost& host_;
    std::shared_ptr<TcpConnection> tcp_;
    std::map<std::uint32_t, Slot> slots_;
    std::optional<Agenda::Entry> grace_;
    Origin origin_;
    int failures_ = 0;
    Instant accepted_at_{};
    bool begun_ = false;
    bool heard_ = false;
    bool over_ = false;
};

class Sshd {
public:
    explicit Sshd(SimHost& host) : host_(host) {}

    void accept(std::shared_ptr<TcpConnection> tcp);
    /// Serves those who waited while it was frozen.
    void thaw();
    void freeze_sessions(bool on);
    void kill_sessions();
    void reset_connections();
    /// Who waits to be accepted is reset.
    void stop_listening();
    /// Somebody came and went while nobody accepted, by FIN: sshd finds him in the listen queue when it thaws.
    void note_unserved() { ++unserved_; }
    /// The kernel is gone.
    void vanish();
    void tidy();

    [[nodiscard]] std::size_t unauthenticated() const;
    [[nodiscard]] std::size_t under_way() const;
    [[nodiscard]] std::size_t sessions() const;  ///< authenticated and not over

    // What an administrator would find in the log.
    std::size_t accepted = 0;
    std::size_t logins = 0;
    std::size_t denials = 0;    ///< rejected keys and passwords
    std::size_t abandoned = 0;  ///< accepted, and gone before authentication was tried
    std::size_t turned_away = 0;
    // What he would not.
    std::size_t left_unserved = 0;      ///< gone before sshd had taken them from its queue
    std::size_t most_under_way = 0;     ///< at once: accepted by the kernel, not logged in, still held by the client

private:
    SimHost& host_;
    std::size_t unserved_ = 0;
    std::vector<std::unique_ptr<SshdConnection>> connections_;
};

}  // namespace vmc::sim
