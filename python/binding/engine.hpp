// SPDX-License-Identifier: Apache-2.0
// One Vm as Python holds it, and the loop they all live on.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "call.hpp"
#include "follow_call.hpp"

namespace vmc::python {

/// A question of the library's helper thread, put to whoever waits in Python for the login.
class Passphrases {
public:
    explicit Passphrases(std::optional<std::string> known) : answer_(std::move(known)) {}
    /// On the helper thread: waits for answer(). The answer is kept for when the link comes back.
    std::optional<std::string> ask(const std::string& key_path);
    [[nodiscard]] std::optional<std::string> question();
    void answer(std::optional<std::string> passphrase);
    void give_up();

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::optional<std::string> asked_;
    std::optional<std::string> answer_;
    bool refused_ = false;
};

/// Belongs to the process that made it: in a forked child the loop's thread does not exist, and
/// nothing of it is touched there, not even to destroy it.
class Engine {
public:
    explicit Engine(const py::handle& target);
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    using Box = std::shared_ptr<Mailbox>;
    std::unique_ptr<Call> connect(Box box, std::uint64_t ticket);
    std::unique_ptr<Call> reconnect(Box box, std::uint64_t ticket, int retries, double delay);
    std::unique_ptr<RunCall> run(Box box, std::uint64_t ticket, const py::handle& spec, bool wants_output);
    std::unique_ptr<Call> health(Box box, std::uint64_t ticket, const std::string& level);
    std::unique_ptr<Call> diagnose(Box box, std::uint64_t ticket);
    /// Asks only where `action` is empty.
    std::unique_ptr<Call> power(Box box, std::uint64_t ticket, const std::string& action);
    std::unique_ptr<Call> console(Box box, std::uint64_t ticket, std::size_t lines, double listen);
    std::unique_ptr<Call> recover(Box box, std::uint64_t ticket, const py::handle& policy);
    std::unique_ptr<Call> reboot(Box box, std::uint64_t ticket, double within);
    std::unique_ptr<Call> boot(Box box, std::uint64_t ticket);
    std::unique_ptr<Call> boot_since(Box box, std::uint64_t ticket, const py::dict& before, double last_heartbeat);
    // Jobs, in engine_jobs.cpp. `job`: its id or name.
    std::unique_ptr<Call> submit(Box box, std::uint64_t ticket, const py::handle& order);
    std::unique_ptr<Call> jobs(Box box, std::uint64_t ticket, const std::string& directory);
    std::unique_ptr<Call> prune_jobs(Box box, std::uint64_t ticket, double older, std::uint64_t keep,
                                     const std::string& directory);
    std::unique_ptr<FollowCall> follow_job(Box box, std::uint64_t ticket, const std::string& job,
                                           const std::string& directory, const py::handle& spec, bool wants_output);
    std::unique_ptr<Call> job_status(Box box, std::uint64_t ticket, const std::string& job,
                                     const std::string& directory);
    std::unique_ptr<Call> cancel_job(Box box, std::uint64_t ticket, const std::string& job,
                                     const std::string& directory, double grace);
    std::unique_ptr<Call> remove_job(Box box, std::uint64_t ticket, const std::string& job,
                                     const std::string& directory);
    std::unique_ptr<Call> clean_up_job(Box box, std::uint64_t ticket, const std::string& job,
                                       const std::string& directory);
    std::unique_ptr<Call> close(Box box, std::uint64_t ticket);
    std::shared_ptr<Listening> listen(Box box, std::uint64_t ticket);
    std::optional<std::string> question() { return passphrases_ ? passphrases_->question() : std::nullopt; }
    void answer(std::optional<std::string> passphrase);
    [[nodiscard]] std::string state() const { return vm_ ? vm_->state() : "idle"; }

    /// Begins to close; the task is done when nothing is left. Nothing when it was closed before.
    std::optional<Task<bool>> let_go();

private:
    [[nodiscard]] Vm& vm();

    int owner_;
    std::shared_ptr<Passphrases> passphrases_;
    std::shared_ptr<Listening> listening_;
    std::shared_ptr<Vm> vm_;
};

/// When the interpreter ends: closes every engine and ends the loop's thread.
void leave();

}  // namespace vmc::python
