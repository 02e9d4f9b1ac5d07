// SPDX-License-Identifier: Apache-2.0
#include "disk/job.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>

#include "model/job_records.hpp"

using namespace vmc;

namespace disk {

namespace {

constexpr int out_lines = 400;
constexpr int err_lines = 90;
constexpr int input_lines = 3000;
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

/// The line that ends in `# fsync: NAME`, taken out where there is one.
void remove_fsync(std::string& script, const std::string& name) {
    const auto tag = script.find("# fsync: " + name + "\n");
    if (name.empty() || tag == script.npos) return;
    const auto begin = script.rfind('\n', tag) + 1;
    script.erase(begin, script.find('\n', tag) - begin);
}

/// Each printf, which is how a shell writes, is a step as well; in the operation and in the runner that it holds.
void count_writes(std::string& script) {
    const std::string counted = "printf() {\ncommand printf \"$@\"\nset -- $?\nstep\nreturn $1\n}\n";
    if (const auto runner = script.find("environment() {"); runner != script.npos) script.insert(runner, counted);
    script.insert(0, counted);
}

/// Nobody is left who could do what is waited for: not for 5 s then, but for 0.2.
void be_impatient(std::string& script) {
    const std::string patient = "\"$waited\" -lt 50";
    for (auto at = script.find(patient); at != script.npos; at = script.find(patient, at))
        script.replace(at, patient.size(), "\"$waited\" -lt 2");
}

std::string new_id() {
    static std::atomic<std::uint64_t> number{0};
    return model::job_id(++number, 7);
}

}  // namespace

Job::Job(Machine& machine, Shape shape, std::string without)
    : machine_(machine), shape_(shape), without_(std::move(without)), id_(new_id()), order_(request(), id_) {
    order_.has_input = shape.input;
}

std::string Job::input() const { return shape_.input ? numbered(input_lines) : ""; }

JobRequest Job::request() const {
    const auto note = [&](const char* words) { return "echo " + id_ + " " + words + " >>" + machine_.ledger(); };
    Command command(note("run $VMC_REBOOT_COUNT") + "; seq " + std::to_string(out_lines) +
                    (shape_.input ? "; cat" : "") + (shape_.reruns ? "; step middle" : "") + "; seq " +
                    std::to_string(err_lines) + " >&2; exit " + std::to_string(code));
    if (shape_.input) command.input(input());
    JobRequest request(std::move(command));
    request.name("a-name");
    if (shape_.reruns) request.on_reboot(OnReboot::rerun);
    if (shape_.cleanup) request.cleanup(note("cleanup"));
    return request;
}

model::JobMoment Job::moment() const {
    model::JobMoment moment;
    moment.boot_id = machine_.boot_id();
    moment.latest_uptime = in_time;
    return moment;
}

std::string Job::submit_script() const { return model::submit_script(machine_.place(), moment(), order_, nonce); }

void Job::stage() {
    if (shape_.input) (void)machine_.run(model::stage_script(machine_.place(), order_, 0, input(), nonce));
}

Ran Job::submit_with_a_part(std::size_t bytes) {
    machine_.write(".staged-" + id_ + "-" + order_.digest(), input().substr(0, bytes));
    return machine_.run(submit_script());
}

Ran Job::submit(Cut cut) {
    stage();
    auto script = submit_script();
    // From here on a client that looks sees the result.
    replace(script, ">\"$attempt/kept\"", ">\"$attempt/kept\" && step completed");
    remove_fsync(script, without_);
    if (!cut.after) count_writes(script);
    return machine_.run(script, cut);
}

Ran Job::submit_again() {
    stage();
    auto script = submit_script();
    be_impatient(script);
    remove_fsync(script, without_);
    return machine_.run(script);
}

Ran Job::resume(int number, Cut cut) {
    auto script = model::resume_script(machine_.place(), moment(), id_, number, true, nonce);
    be_impatient(script);
    remove_fsync(script, without_);
    count_writes(script);
    return machine_.run(script, cut);
}

void Job::clean_up() { (void)machine_.run(model::cleanup_script(machine_.place(), id_, nonce)); }

JobStatus Job::look() {
    const auto ran = machine_.run(model::look_script(machine_.place(), id_, {}, 1 << 20, nonce));
    const auto answer = model::JobAnswer::parse(ran.printed, nonce);
    REQUIRE_MESSAGE(answer.has_value(), ran.printed);
    REQUIRE(answer->jobs.size() == 1);
    out_ = answer->out;
    err_ = answer->err;
    const auto& values = answer->jobs.front();
    absent = values.contains("absent");
    cleanup_begun = values.contains("cleanup-begun");
    return model::job_status(*answer, values);
}

int Job::runs() const {
    return static_cast<int>(
        std::ranges::count_if(executions(), [](const auto& one) { return one.starts_with("run"); }));
}

bool Job::has_whole_output() const {
    return out_.ends_with(numbered(out_lines) + input()) && err_.ends_with(numbered(err_lines)) &&
           (shape_.reruns || (out_ == numbered(out_lines) + input() && err_ == numbered(err_lines)));
}

}  // namespace disk
