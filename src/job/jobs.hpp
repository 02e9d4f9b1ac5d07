// SPDX-License-Identifier: Apache-2.0
// Durable jobs on one VM: submit, find again, end. Following them is following.hpp's.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <vm_connection/job.hpp>

#include "link/link.hpp"
#include "model/job_records.hpp"
#include "model/job_script.hpp"

namespace vmc::job {

/// A job as it was named, and the root it lives under (empty: the user's own).
class NamedJob {
public:
    explicit NamedJob(std::string id_or_name, std::string root = {})
        : name(std::move(id_or_name)), directory(std::move(root)) {}
    std::string name;
    std::string directory;
};

/// The jobs of one link's VM. On the loop's thread; the link outlives it, and no call is under way
/// when it is destroyed. Each call waits for the link to come back, until its deadline.
class Jobs {
public:
    Jobs(link::Ports ports, link::Link& link) : ports_(std::move(ports)), link_(link) {}

    /// Starts it, once: after a loss the same id is submitted again, and the VM lets only one begin.
    Async<Result<JobStatus>> submit(JobRequest request, Instant deadline);
    Async<Result<std::vector<JobStatus>>> list(std::string directory, Instant deadline);
    /// By id, or by a name that the newest of its bearers answers to.
    Async<Result<JobStatus>> status(NamedJob job, Instant deadline);
    Async<Result<JobStatus>> cancel(NamedJob job, Duration grace, Instant deadline);
    Async<Result<void>> remove(NamedJob job, Instant deadline);
    /// A further attempt after a reboot, as its request allows.
    Async<Result<void>> resume(JobStatus status, std::string directory, Instant deadline);
    /// Runs the cleanup that the job did not live to run.
    Async<Result<void>> clean_up(NamedJob job, Instant deadline);
    /// Takes the dead man's switch off, over a new connection. False: it was too late.
    Async<Result<bool>> confirm(NamedJob job, Instant deadline);
    /// Opens a viewer in tmux on the VM; gives the command that shows it.
    Async<Result<std::string>> view(NamedJob job, Instant deadline);
    Async<Result<std::vector<std::string>>> prune(Duration age, std::uint64_t bytes, std::string directory,
                                                  Instant deadline);
    Async<Result<std::string>> id_of(NamedJob job, Instant deadline);

    /// An answer and the text that it views.
    class Answer {
    public:
        std::string text;
        model::JobAnswer values;
    };
    using Held = std::unique_ptr<Answer>;
    /// Makes a script out of the place of the jobs and a nonce.
    using Script = std::function<std::string(const model::JobPlace&, const std::string& nonce)>;
    /// A question that may be asked twice: asked again after a loss.
    Async<Result<Held>> ask(std::string directory, Script script, Instant deadline);
    /// Where jobs live under that root, asked once for each VM. A root that the user named is made only for a submit.
    Async<Result<model::JobPlace>> place(std::string directory, Instant deadline, bool submits = false);
    [[nodiscard]] JobStatus read(const Answer& answer) const;

    [[nodiscard]] const link::Ports& ports() const { return ports_; }
    [[nodiscard]] link::Link& link() { return link_; }
    int streams = 0;  ///< followers that hold a channel

private:
    Async<Result<Held>> ask_once(std::string script, std::string nonce, Instant deadline, bool* left = nullptr);
    Async<Result<Held>> ask_again(std::function<std::string(const std::string&)> script, Instant deadline);
    Async<Result<JobStatus>> begin(const model::JobOrder& order, bool& may_have_begun, Instant deadline);
    Async<Result<model::JobPlace>> prepare(std::string directory, bool submits, Instant deadline);
    Async<Result<void>> stage(model::JobOrder order, model::JobPlace place, Instant deadline);
    Async<Result<model::JobMoment>> moment(Instant deadline);
    Async<Result<model::JobMoment>> read_moment(Instant deadline);
    [[nodiscard]] model::JobMoment moment_at(Instant now) const;
    Async<Result<void>> resume_once(const JobStatus& job, const model::JobPlace& where, Instant deadline);
    Async<bool> take_breath(Instant deadline);
    [[nodiscard]] std::string nonce() { return model::nonce(ports_.random.draw()); }
    [[nodiscard]] std::string place_name() const;
    /// It is chosen anew when it is asked for next.
    void forget_place(const std::string& directory);

    link::Ports ports_;
    link::Link& link_;
    std::map<std::string, model::JobPlace> places_;  // by directory

    model::JobMoment read_;  // at read_at_, over read_over_
    Instant read_at_{};
    std::weak_ptr<link::Wire> read_over_;
};

/// The connection, not the VM's opinion: asking again may help.
[[nodiscard]] bool passes(const Error& error);
/// Why the VM would not, as a failure.
[[nodiscard]] Error refusal(const model::JobAnswer& answer);

}  // namespace vmc::job
