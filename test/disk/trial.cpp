// SPDX-License-Identifier: Apache-2.0
#include "disk/trial.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <sstream>

#include "model/job_records.hpp"
#include "model/job_script.hpp"

using namespace vmc;

namespace disk {

namespace {

constexpr int code = 3;
constexpr int out_lines = 400;
constexpr int err_lines = 90;
constexpr std::uint64_t in_time = 1'000'000'000;  // of the uptime: this submit is never late
constexpr const char* nonce = "0123456789abcdef";

std::string numbered(int lines) {
    std::string text;
    for (int i = 1; i <= lines; ++i) text += std::to_string(i) + "\n";
    return text;
}

void replace(std::string& text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    REQUIRE_MESSAGE(at != text.npos, "the runner has no ", from);
    text.replace(at, from.size(), to);
}

/// The line that ends in `# fsync: NAME`, taken out.
void remove_fsync(std::string& script, const std::string& name) {
    const auto tag = script.find("# fsync: " + name + "\n");
    REQUIRE_MESSAGE(tag != script.npos, "there is no fsync called ", name);
    const auto begin = script.rfind('\n', tag) + 1;
    script.erase(begin, script.find('\n', tag) - begin);
}

/// Each printf, which is how a shell writes, is a step as well; in the operation and in the runner that it holds.
void count_writes(std::string& script) {
    const std::string counted = "printf() {\ncommand printf \"$@\"\nset -- $?\nstep\nreturn $1\n}\n";
    replace(script, "environment() {", counted + "environment() {");
    script.insert(0, counted);
}

class Job {
public:
    explicit Job(Machine& machine) : machine_(machine), id_(new_id()), order_(request(), id_) {}

    [[nodiscard]] const std::string& id() const { return order_.id; }

    Ran submit(Cut cut, const std::string& without) {
        auto script = submit_script();
        // From here on a client that looks sees the result.
        replace(script, ">\"$attempt/kept\"", ">\"$attempt/kept\" && step completed");
        if (!without.empty()) remove_fsync(script, without);
        if (!cut.after) count_writes(script);
        return machine_.run(script, cut);
    }

    /// Nobody is left who could write the request that is waited for: not for 5 s then, but for 0.2.
    void submit_again() {
        auto script = submit_script();
        replace(script, "\"$waited\" -lt 50", "\"$waited\" -lt 2");
        (void)machine_.run(script);
    }

    JobStatus look() {
        const auto ran = machine_.run(model::look_script(machine_.place(), id(), {}, 1 << 20, nonce));
        const auto answer = model::JobAnswer::parse(ran.printed, nonce);
        REQUIRE_MESSAGE(answer.has_value(), ran.printed);
        REQUIRE(answer->jobs.size() == 1);
        out = answer->out;
        err = answer->err;
        absent = answer->jobs.front().contains("absent");
        return model::job_status(*answer, answer->jobs.front());
    }

    std::string out, err;
    bool absent = false;

private:
    [[nodiscard]] std::string submit_script() const {
        model::JobMoment moment;
        moment.boot_id = machine_.boot_id();
        moment.latest_uptime = in_time;
        return model::submit_script(machine_.place(), moment, order_, nonce);
    }
    [[nodiscard]] std::string line() const {
        return "echo " + id_ + " >>" + machine_.ledger() + "; seq " + std::to_string(out_lines) + "; seq " +
               std::to_string(err_lines) + " >&2; exit " + std::to_string(code);
    }
    static std::string new_id() {
        static std::atomic<std::uint64_t> number{0};
        return model::job_id(++number, 7);
    }
    [[nodiscard]] JobRequest request() const { return JobRequest(Command(line())).name("a-name"); }

    Machine& machine_;
    std::string id_;
    model::JobOrder order_;
};

bool never_ran(const JobStatus& status, bool absent) {
    return absent || status.state == JobState::refused || status.state == JobState::submitted;
}

/// What the order of durable writes is for, as a client sees it: promises that are broken.
std::string judge(const Trial& trial, const Job& job, const JobStatus& status, int executions) {
    std::string broken;
    const auto never = [&](bool is, const char* promise) {
        if (is) broken += std::string("; BROKEN: ") + promise;
    };
    const bool ended = status.state == JobState::exited;
    const bool begun = !never_ran(status, job.absent);
    const bool whole = job.out == numbered(out_lines) && job.err == numbered(err_lines) && status.output_kept;
    never(executions > 0 && !begun, "it ran, and is said to have never begun");
    never(trial.told && !begun, "its submit was confirmed, and is not known any more");
    never(trial.completed && !ended, "its result was seen, and is lost");
    never(begun && status.state == JobState::unknown, "nothing is known of how it ended");
    never(ended && status.exit_code != code, "its exit code is not its own");
    never(ended && !whole, "it has a result and not all of its output");
    never(begun && (status.name != "a-name" || status.command.empty()), "it ran, and its request cannot be read");
    never(status.state == JobState::running, "it runs, and its VM was off");
    return broken;
}

}  // namespace

std::string Trial::line() const {
    std::ostringstream text;
    text << asked.before_step << ' ' << cut << ' ' << told << ' ' << completed << ' ' << steps << ' ' << executions
         << ' ' << took << ' ' << broken << ' ' << state << ' ' << story;
    return text.str();
}

Trial Trial::of_line(const std::string& line) {
    Trial trial;
    std::istringstream text(line);
    text >> trial.asked.before_step >> trial.cut >> trial.told >> trial.completed >> trial.steps >> trial.executions >>
        trial.took >> trial.broken >> trial.state;
    std::getline(text, trial.story);
    return trial;
}

Trial play_one(Machine& machine, Cut cut, const std::string& without) {
    Trial trial;
    trial.asked = cut;
    Job job(machine);
    const auto begun = std::chrono::steady_clock::now();
    const auto ran = job.submit(cut, without);
    trial.took =
        std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begun).count();
    trial.cut = ran.cut;
    trial.steps = ran.steps;
    trial.completed = ran.completed;
    trial.told = ran.printed.find("submitted=now\n") != ran.printed.npos;
    machine.reboot();
    const int before = machine.executions_of(job.id());
    const auto status = job.look();
    trial.state = job.absent ? "absent" : slug(status.state);
    auto broken = judge(trial, job, status, before);
    job.submit_again();
    trial.executions = machine.executions_of(job.id());
    if (trial.executions > 1) broken += "; BROKEN: it ran twice";
    trial.broken = !broken.empty();
    trial.story = (cut.after ? "cut after " + std::to_string(cut.after->count()) + " us"
                             : "cut before step " + std::to_string(cut.before_step)) +
                  ": " + status.line() + ", ran " + std::to_string(trial.executions) + " times" + broken;
    machine.forget(job.id());
    return trial;
}

}  // namespace disk
