// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "sim/agenda.hpp"
#include "sim/script.hpp"

namespace vmc::sim {

class SimHost;

/// Where a process's output goes and who waits for its end.
class Parent {
public:
    virtual ~Parent() = default;
    /// False when the pipe is full: try again after room().
    virtual bool write(std::uint32_t channel, port::Stream stream, const std::string& bytes) = 0;
    virtual void read_input(std::uint32_t channel, std::size_t bytes) = 0;
    virtual void exited(std::uint32_t channel, std::uint64_t code) = 0;
    virtual void signalled(std::uint32_t channel, const std::string& name) = 0;
    /// Nobody holds the output any more; the last word of the process.
    virtual void output_closed(std::uint32_t channel) = 0;
};

/// A command that really began, as the machine itself knows it. Survives reboots: it is the
/// ground truth of tests, not a log on its disk.
struct Ran {
    Instant at;
    std::string line;
    std::string user;
    std::string boot_id;
};

/// Which login a process belongs to.
struct Origin {
    std::string user;
    std::string ssh_connection;  ///< "client port server port"
    int sshd_pid = 0;
    Duration sshd_started{};       ///< counted from the boot
};

/// A command that runs on a machine. Lives until it ends, or until its kernel does.
class Process {
public:
    Process(SimHost& host, int id, std::string line, Origin from, Parent& parent, std::uint32_t channel);
    ~Process();
    Process(const Process&) = delete;

    /// Goes on as far as it can; called again when it is due, has room or input.
    void run();
    void room() { run(); }
    void input(const std::string& bytes);
    void input_end();
    /// By name, without "SIG". KILL cannot be ignored.
    void signal(const std::string& name);
    /// The connection is gone: it reads end of file, and dies of SIGPIPE when it writes.
    void orphan();

    [[nodiscard]] bool ended() const noexcept { return ended_; }
    [[nodiscard]] bool finished() const noexcept { return ended_ && !lingering_; }
    [[nodiscard]] const std::string& line() const noexcept { return line_; }
    const int pid;
    const Instant started;
    const Origin origin;

private:
    enum class Progress { next, waits, over };
    Progress perform(Step& step);
    Progress sleep(Step& step);
    Progress print(const std::string& text, port::Stream to);
    Progress stream(Step& step);
    Progress cat();
    Progress read_script();
    Progress go_on_with(const Script& rest);
    void end_with(std::optional<std::uint64_t> code, const std::string& signal);
    void wake_at(Instant when);

    SimHost& host_;
    std::string line_;
    Parent* parent_;
    std::uint32_t channel_;
    Script script_;
    std::size_t at_ = 0;
    std::uint64_t streamed_ = 0;
    std::optional<Instant> until_;  ///< of the sleep or pacing it is in
    std::optional<Agenda::Entry> alarm_;
    std::string input_;
    bool input_ended_ = false;
    std::set<std::string> ignored_;
    Instant output_held_until_{};
    bool ended_ = false;
    bool lingering_ = false;  ///< ended, but a child of it holds the output
};

}  // namespace vmc::sim
