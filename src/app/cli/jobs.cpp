// SPDX-License-Identifier: Apache-2.0
// vmc jobs HOST, attach, logs, cancel and rm HOST JOB
#include <charconv>

#include <unistd.h>
#include <CLI/CLI.hpp>

#include "app/cli/job_attendance.hpp"
#include "app/cli/job_text.hpp"
#include "app/cli/json_text.hpp"
#include "app/cli/result_file.hpp"
#include "app/cli/run_options.hpp"
#include "app/cli/terminal.hpp"
#include "app/cli/verb.hpp"
#include "model/exit_code.hpp"
#include "model/job_script.hpp"

namespace vmc::cli {

namespace {

/// A verb about one job of one host.
class JobVerb : public Verb {
public:
    void describe(CLI::App& app) override {
        host_.describe(app);
        app.add_option("JOB", job_, "its id or name, as vmc jobs shows it")->required()->group("Words");
        describe_directory(app, directory_);
    }
    Expected<int> run(const Words& words) override {
        if (words) return usage(std::string(name()) + " takes no command");
        if (!model::is_job_id(job_) && !model::is_job_name(job_))
            return usage("JOB is an id or a name, not \"" + job_ + "\"");
        auto contact = Contact::open(host_);
        if (!contact) return std::unexpected(std::move(contact.error()));
        if (auto up = (*contact)->connect(); !up) return std::unexpected(std::move(up.error()));
        return act(**contact, (*contact)->vm().job(job_, directory_));
    }

protected:
    virtual Expected<int> act(Contact& contact, Job job) = 0;
    HostOptions host_;
    std::string job_, directory_;
};

class Attach final : public JobVerb {
public:
    [[nodiscard]] std::string_view name() const override { return "attach"; }
    [[nodiscard]] std::string_view summary() const override { return "follow a job to its end"; }
    void describe(CLI::App& app) override {
        JobVerb::describe(app);
        const auto* group = "Its output";
        app.add_option("--from", from_, "begin stdout behind so many bytes, or at its end: end")
            ->option_text("OFFSET")
            ->group(group);
        app.add_option("--stdout", stdout_, "continue this file, at the exact byte")->option_text("FILE")->group(group);
        app.add_option("--stderr", stderr_, "the same for stderr")->option_text("FILE")->group(group);
        app.add_option("--lost-after", lost_after_, "give up after nothing was heard for this long (5m)")
            ->option_text("SPAN")
            ->group(group);
        app.add_flag("--raw", raw_, "on a terminal, do not escape what it prints")->group(group);
        app.add_flag("--json", json_, "everything as it happens, one JSON line each")->group(group);
        app.add_option("--result", result_, "write how it ended to this file, as JSON")
            ->option_text("FILE")
            ->group(group);
        app.footer("Ctrl-C leaves the job alone. Exit code: as that of vmc run.");
    }

protected:
    Expected<int> act(Contact& contact, Job job) override;

private:
    std::string stdout_, stderr_, result_;
    std::optional<std::string> from_, lost_after_;
    bool raw_ = false;
    bool json_ = false;
};

Expected<int> Attach::act(Contact& contact, Job job) {
    FollowOptions from;
    const auto lost_after = span_of("--lost-after", lost_after_.value_or(contact.settings().text("lost_after")));
    if (!lost_after) return std::unexpected(lost_after.error());
    from.lost_after(*lost_after);
    if (from_ == "end") {
        auto status = contact.finish(job.status());
        if (!status) return std::unexpected(std::move(status.error()));
        if (!*status) return std::unexpected(contact.failure(status->error()));
        from.from(Stream::out, (*status)->stdout_bytes).from(Stream::err, (*status)->stderr_bytes);
    } else if (from_) {
        std::uint64_t offset = 0;
        const auto [rest, error] = std::from_chars(from_->data(), from_->data() + from_->size(), offset);
        if (error != std::errc() || rest != from_->data() + from_->size())
            return usage("--from: not a number of bytes: \"" + *from_ + "\"");
        from.from(Stream::out, offset);
    }
    auto result = ResultFile::claim(result_);
    if (!result) return std::unexpected(std::move(result.error()));
    auto sinks = JobSinks::open(stdout_, stderr_, false);
    if (!sinks) return std::unexpected(std::move(sinks.error()));
    (*sinks)->continue_from(from);
    if (!raw_ && !json_) streams().escape_for_terminals();
    JobAttendance attendance(contact, **sinks, json_ ? JobAttendance::Form::json : JobAttendance::Form::bytes,
                             JobAttendance::OnInterrupt::leave);
    auto end = attendance.run(job, std::move(from));
    return RunOptions::report(contact, job, end, attendance.left(), **sinks, *result, json_);
}

class Logs final : public JobVerb {
public:
    [[nodiscard]] std::string_view name() const override { return "logs"; }
    [[nodiscard]] std::string_view summary() const override { return "show what a job has printed"; }
    void describe(CLI::App& app) override {
        JobVerb::describe(app);
        app.add_flag("-f", follow_, "go on until it ends")->group("Its output");
        app.add_flag("--stderr", stderr_, "its stderr instead of its stdout")->group("Its output");
        app.add_flag("--raw", raw_, "on a terminal, do not escape what it prints")->group("Its output");
        app.footer("Exit code: 0 when it could be read, however the job ends.");
    }

protected:
    Expected<int> act(Contact& contact, Job job) override {
        if (!raw_) streams().escape_for_terminals();
        auto wanted = stderr_ ? Stream::err : Stream::out;
        FollowOptions options;
        options.to_the_end(follow_);
        options.says([&contact](std::string_view line) { contact.console().say(line); });
        auto put = [wanted](Stream stream, std::string_view bytes) {
            return stream == wanted ? streams().out().put(bytes) : true;
        };
        auto follow = job.follow(put, std::move(options));
        streams().out().when_room([follow]() mutable { follow.resume_output(); });
        auto end = contact.finish(follow.end());
        streams().out().when_room({});
        if (!end) return std::unexpected(std::move(end.error()));
        if (end->gave_up) return std::unexpected(contact.failure(*end->gave_up));
        return 0;
    }

private:
    bool follow_ = false;
    bool stderr_ = false;
    bool raw_ = false;
};

class Cancel final : public JobVerb {
public:
    [[nodiscard]] std::string_view name() const override { return "cancel"; }
    [[nodiscard]] std::string_view summary() const override { return "end a job and all that it started"; }
    void describe(CLI::App& app) override {
        JobVerb::describe(app);
        app.add_option("--kill-after", grace_, "between TERM and KILL (5s)")->option_text("SPAN")->group("The ending");
        app.footer("Exit code: 0 when the job has ended, by this or before; 125 when it could not\nbe ended.");
    }

protected:
    Expected<int> act(Contact& contact, Job job) override {
        const auto grace = span_of("--kill-after", grace_);
        if (!grace) return std::unexpected(grace.error());
        auto status = contact.finish(job.cancel(*grace));
        if (!status) return std::unexpected(std::move(status.error()));
        if (!*status) return std::unexpected(contact.failure(status->error()));
        contact.console().say((*status)->line());
        return (*status)->ended() ? 0 : model::exit_own_failure;
    }

private:
    std::string grace_ = "5s";
};

class Rm final : public JobVerb {
public:
    [[nodiscard]] std::string_view name() const override { return "rm"; }
    [[nodiscard]] std::string_view summary() const override { return "take an ended job's records away"; }

protected:
    Expected<int> act(Contact& contact, Job job) override {
        auto removed = contact.finish(job.remove());
        if (!removed) return std::unexpected(std::move(removed.error()));
        if (!*removed) return std::unexpected(contact.failure(removed->error()));
        return 0;
    }
};

class Jobs final : public Verb {
public:
    [[nodiscard]] std::string_view name() const override { return "jobs"; }
    [[nodiscard]] std::string_view summary() const override { return "list the jobs on a VM"; }
    void describe(CLI::App& app) override {
        host_.describe(app);
        describe_directory(app, directory_);
        app.add_flag("--json", json_, "one JSON document")->group("The answer");
        const auto* pruning = "Making room";
        app.add_flag("--prune", prune_, "take ended jobs away, and print their ids")->group(pruning);
        app.add_option("--older", older_, "those that ended longer ago (14d)")->option_text("SPAN")->group(pruning);
        app.add_option("--keep", keep_, "then the oldest, until this much output is left (1G)")
            ->option_text("SIZE")
            ->group(pruning);
        app.footer("Times are those of the VM's clock.");
    }
    Expected<int> run(const Words& words) override {
        if (words) return usage("jobs takes no command");
        const auto age = span_of("--older", older_);
        if (!age) return std::unexpected(age.error());
        const auto bytes = size_of("--keep", keep_);
        if (!bytes) return std::unexpected(bytes.error());
        auto contact = Contact::open(host_);
        if (!contact) return std::unexpected(std::move(contact.error()));
        if (auto up = (*contact)->connect(); !up) return std::unexpected(std::move(up.error()));
        if (prune_) return prune(**contact, *age, *bytes);
        auto all = (*contact)->finish((*contact)->vm().jobs(directory_));
        if (!all) return std::unexpected(std::move(all.error()));
        if (!*all) return std::unexpected((*contact)->failure(all->error()));
        print(json_ ? jobs_json(host_.host(), **all) : jobs_table(**all, Terminal::width(STDOUT_FILENO)));
        return 0;
    }

private:
    Expected<int> prune(Contact& contact, Duration age, std::uint64_t bytes) {
        auto gone = contact.finish(contact.vm().prune_jobs(age, bytes, directory_));
        if (!gone) return std::unexpected(std::move(gone.error()));
        if (!*gone) return std::unexpected(contact.failure(gone->error()));
        for (const auto& id : **gone) print(id + "\n");
        return 0;
    }

    HostOptions host_;
    std::string directory_;
    std::string older_ = "14d";
    std::string keep_ = "1G";
    bool prune_ = false;
    bool json_ = false;
};

}  // namespace

std::unique_ptr<Verb> attach_verb() { return std::make_unique<Attach>(); }
std::unique_ptr<Verb> logs_verb() { return std::make_unique<Logs>(); }
std::unique_ptr<Verb> cancel_verb() { return std::make_unique<Cancel>(); }
std::unique_ptr<Verb> rm_verb() { return std::make_unique<Rm>(); }
std::unique_ptr<Verb> jobs_verb() { return std::make_unique<Jobs>(); }

}  // namespace vmc::cli
