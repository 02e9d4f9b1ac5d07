// SPDX-License-Identifier: Apache-2.0
// The asynchronous core: one VM, held on to.
//
//     vmc::Vm vm(vmc::Target("vm1").user("root"));
//     if (auto up = vm.connect().get(); !up) return fail(up.error());
//     auto outcome = vm.run(vmc::Command("make -j8").within(10min)).get();
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <vm_connection/command.hpp>
#include <vm_connection/console.hpp>
#include <vm_connection/diagnosis.hpp>
#include <vm_connection/export.hpp>
#include <vm_connection/health.hpp>
#include <vm_connection/job.hpp>
#include <vm_connection/loop.hpp>
#include <vm_connection/notice.hpp>
#include <vm_connection/outcome.hpp>
#include <vm_connection/output.hpp>
#include <vm_connection/power.hpp>
#include <vm_connection/recovery.hpp>
#include <vm_connection/run.hpp>
#include <vm_connection/target.hpp>
#include <vm_connection/task.hpp>

namespace vmc VMC_API {

/// A running command whose output is taken by the thread that waits for it; see Vm::run_here().
using HereFn = std::function<void(Stream, std::string_view bytes)>;

/// One VM, for any thread. Destroying it closes the link; commands still running then are reported lost.
class Vm {
public:
    explicit Vm(Target target, Loop& loop = default_loop());
    ~Vm();
    Vm(Vm&&) noexcept;
    Vm& operator=(Vm&&) noexcept;

    /// One attempt within the target's connect timeout. Afterwards the link comes back by itself.
    [[nodiscard]] Task<Result<void>> connect();
    [[nodiscard]] Task<bool> reconnect(int retries, Duration delay);
    /// At most once. Without an OutputFn the output is counted and dropped.
    [[nodiscard]] Run run(Command command, OutputFn output = {}, bool open_input = false);
    /// Runs it, calls `output` on *this* thread as bytes arrive (bounded: 1 MiB ahead of it), and
    /// returns the outcome. `poll`, when given, is called at least every 50 ms; true cancels.
    Outcome run_here(Command command, const HereFn& output, const std::function<bool()>& poll = {});
    /// Starts a job, once: it has begun on the VM when this succeeds. After a loss it is asked again, for at
    /// most `within`. When that fails, the error names the job's id; with Code::lost the job may have begun all
    /// the same (submit it again with that id to find out); with any other code this submit began nothing.
    [[nodiscard]] Task<Result<Job>> submit(JobRequest request, Duration within = std::chrono::minutes(1));
    /// By id or name, whoever submitted it. `directory`: as it was in its request.
    [[nodiscard]] Job job(std::string id_or_name, std::string directory = {});
    [[nodiscard]] Task<Result<std::vector<JobStatus>>> jobs(std::string directory = {});
    /// Takes ended jobs away that are older than `age`, then the oldest beyond `bytes` of output. Gives their ids.
    [[nodiscard]] Task<Result<std::vector<std::string>>> prune_jobs(Duration age = std::chrono::days(14),
                                                                    std::uint64_t bytes = std::uint64_t{1} << 30U,
                                                                    std::string directory = {});
    [[nodiscard]] Task<Health> health(Level level);
    /// Looks at all that can be seen of it and says what is wrong, within 30 s. Never fails: what it cannot tell it
    /// says. Costs sshd one login, also while the link is online, and a closed port one SYN (Target::closed_port).
    [[nodiscard]] Task<Diagnosis> diagnose();
    /// Two authenticated readings can be compared with compare(); what happened since one, boot_since() tells.
    [[nodiscard]] Task<Result<BootRecord>> boot();
    [[nodiscard]] Task<Result<BootStory>> boot_since(BootRecord before, WallTime last_heartbeat = {});
    /// How it stands by its power switch (Target::power), asked now. Code::bad_request: none, or it cannot do that.
    [[nodiscard]] Task<Result<PowerReading>> power();
    /// Does it, and is done when the switch itself says so, within its time. One action at a time on each VM, among all
    /// processes that share a state directory: Code::held while another is under way. Code::timed_out: it was not seen
    /// to be done. Cancelled in the middle it may be done all the same, and holds the next until its time is over.
    [[nodiscard]] Task<Result<PowerReading>> power(PowerAction action);
    /// Brings it back by the gentlest step that may help, see RecoveryPolicy: until it is proven to be well, no step is
    /// left, or the policy's time is over. Never fails: what stood in the way is its reason. One step at a time on each
    /// VM, none twice in an incident, among all processes of a state directory. `tell`: on the loop's thread.
    [[nodiscard]] Task<Recovery> recover(RecoveryPolicy policy = {}, RecoveryFn tell = {});
    /// Orderly, and verified: another boot of the same machine answers two commands in a row. Code::declined: the user
    /// is not root there. Code::timed_out: not within that time. `tell`, on the loop's thread: when it was told to
    /// ("began") and is back for sure ("closed"); how its old boot ended is asked after that, for 40 s at most.
    [[nodiscard]] Task<Result<Reboot>> reboot(Duration within = std::chrono::minutes(10), RecoveryFn tell = {});
    /// Captures its console (Target::console) into the state directory, 8 MiB at most, until it is cancelled; others
    /// stand by. Opened again within 10 s when it is back. Code::bad_request (there is none), Code::local.
    [[nodiscard]] Task<Result<void>> capture_console();
    /// The last `lines` that were captured, after listening for `listen` where nobody captures already. Fails as
    /// capture_console() does, and when the console cannot be opened and nothing was captured before.
    [[nodiscard]] Task<Result<ConsoleLines>> console_tail(std::size_t lines, Duration listen = {});
    /// What was captured behind `from`, at most some 256 KiB of it. Waits until there is something, or it is cancelled.
    [[nodiscard]] Task<Result<ConsoleLines>> console_after(ConsoleCursor from);
    /// From now on the key the host shows now is its own; gives "ssh-ed25519 SHA256:…". When
    /// `expected` ("SHA256:…") is another one, nothing changes and it fails. Nobody logs in.
    [[nodiscard]] Task<Result<std::string>> trust_host_key(std::string expected = {});
    [[nodiscard]] Task<bool> close();

    /// "idle", "connecting", "online", "suspect", "waiting" or "stopped".
    [[nodiscard]] std::string state() const;
    [[nodiscard]] const Target& target() const;
    /// Called on the loop's thread with everything the user of a link should be told at once.
    void on_notice(std::function<void(const Notice&)> tell);
    /// Also tries while two denials, or four logins left half-way, hold the door shut for some minutes.
    void retry_auth(bool yes);
    /// A VM in its first boot denies everybody until its user exists: two denials hold nothing then, and
    /// the caller keeps a slow pace himself (`vmc wait`: one try in 30 s).
    void first_boot(bool yes);
    /// For whoever waits for a VM to boot: an attempt whose connection was accepted may stay silent for
    /// up to 15 min instead of the connect timeout; it is dropped by nobody and goes on when sshd wakes up.
    void patient(bool yes);

    class VMC_HIDDEN Impl;

private:
    std::shared_ptr<Impl> impl_;
};

}  // namespace vmc VMC_API
