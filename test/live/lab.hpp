// SPDX-License-Identifier: Apache-2.0
// A real host in namespaces, for tests that run inside `lab/enter`.
#pragma once

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <vm_connection/vm_connection.hpp>

namespace lab {

using Seconds = std::chrono::duration<double>;

/// Made by `lab/host up`, removed when it goes out of scope.
class Host {
public:
    explicit Host(std::string options = "");
    ~Host();
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;

    /// As `user`, with the ed25519 key, known_hosts of this host alone, and nothing remembered.
    [[nodiscard]] vmc::Target target(const std::string& user = "root") const;
    void fault(const std::string& kind) { verb("fault", kind); }
    void heal() { verb("heal", ""); }
    void sshd(const std::string& what) { verb("sshd", what); }
    /// Returns when it is up again; the boot id is then the new one.
    void reboot(const std::string& options = "");
    void off() { verb("off", ""); }
    /// Runs a command on the host without SSH and returns what it printed.
    [[nodiscard]] std::string exec(const std::string& command) const;
    /// Denials that sshd has seen so far.
    [[nodiscard]] int denials() const;

    std::string name, address, address6, key, wrong_key, boot_id, fingerprint, root, ledger;
    std::map<std::string, std::string> keys;

private:
    void verb(const std::string& verb, const std::string& rest);
    void read(const std::string& json);
};

/// A loop whose state directory is new and goes with it.
class Here {
public:
    Here();
    ~Here();
    std::filesystem::path directory;
    vmc::Loop loop;
};

/// Listens to the notices of one Vm, with the time of each.
class Ear {
public:
    explicit Ear(vmc::Vm& vm);
    using Kind = vmc::Notice::Kind;
    /// Seconds from `since` to the first such notice after it; nothing within `limit`.
    std::optional<double> heard(Kind kind, std::chrono::steady_clock::time_point since, Seconds limit);
    [[nodiscard]] std::string text(Kind kind) const;
    [[nodiscard]] int count(Kind kind) const;

private:
    struct Heard {
        Kind kind;
        std::chrono::steady_clock::time_point at;
        std::string text;
    };
    struct State {
        mutable std::mutex mutex;
        std::condition_variable changed;
        std::vector<Heard> all;
    };
    std::shared_ptr<State> state_ = std::make_shared<State>();
};

[[nodiscard]] inline std::chrono::steady_clock::time_point now() { return std::chrono::steady_clock::now(); }
[[nodiscard]] inline double since(std::chrono::steady_clock::time_point then) { return Seconds(now() - then).count(); }
/// Polls until `condition` holds; false when `limit` passes first.
template <class F>
[[nodiscard]] bool eventually(F condition, Seconds limit);

/// `full` when VMC_SWEEP=full is set, else `quick`: how many tries a sweep makes.
[[nodiscard]] int tries(int quick, int full);
/// From VMC_SEED, else chosen now; printed with the command that replays it.
[[nodiscard]] std::uint64_t seed(const char* test);
/// Proportional set size of this process in KiB.
[[nodiscard]] long memory_kib();
[[nodiscard]] int open_descriptors();

}  // namespace lab

#include <thread>

template <class F>
bool lab::eventually(F condition, Seconds limit) {
    const auto begun = now();
    while (!condition()) {
        if (since(begun) > limit.count()) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return true;
}
