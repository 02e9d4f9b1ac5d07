// SPDX-License-Identifier: Apache-2.0
// The real runner on a real file system: wherever the power goes, no result that anybody has seen is lost, no
// result is without its output, and nothing runs twice. And: without each of its fsyncs that would be seen.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <random>

#include "disk/trial.hpp"

using disk::Cut;
using disk::Machine;
using disk::Trial;

namespace {

/// More than there are processors: a client that finds a claim without a request waits for it.
constexpr unsigned workers = 8;

/// Each in a process of its own: mounts belong to a process, and one that is copied elsewhere is not let go of.
template <class CutOf>
void work(int into, unsigned first, unsigned count, CutOf cut_of, const std::string& without) {
    std::string line;
    try {
        Machine machine;
        for (unsigned i = first; i < count; i += workers) {
            line = disk::play_one(machine, cut_of(i), without).line() + "\n";
            if (write(into, line.data(), line.size()) < 0) break;
        }
        line = "done\n";
    } catch (const std::exception& error) {
        line = std::string("failed ") + error.what() + "\n";
    } catch (...) {  // doctest's own
        line = "failed, as said above\n";
    }
    (void)!write(into, line.data(), line.size());
}

/// Plays `count` trials, some at a time; `cut_of(i)` says when the power goes in the i-th.
template <class CutOf>
std::vector<Trial> play(unsigned count, CutOf cut_of, const std::string& without = {}) {
    std::fflush(stdout);
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    std::vector<pid_t> processes;
    for (unsigned first = 0; first < workers; ++first) {
        const pid_t process = fork();
        if (process == 0) {
            work(ends[1], first, count, cut_of, without);
            _exit(0);
        }
        processes.push_back(process);
    }
    close(ends[1]);
    std::vector<Trial> all;
    FILE* const lines = fdopen(ends[0], "r");
    unsigned done = 0;
    char line[4096];
    while (std::fgets(line, sizeof line, lines)) {
        const std::string text(line, std::strlen(line) - 1);
        CHECK_MESSAGE(!text.starts_with("failed"), text);
        if (text == "done") ++done;
        else if (!text.starts_with("failed")) all.push_back(Trial::of_line(text));
    }
    std::fclose(lines);
    for (const pid_t process : processes) waitpid(process, nullptr, 0);
    REQUIRE(done == workers);
    REQUIRE(all.size() == count);
    return all;
}

/// Steps from the first word of a submit to the last of an ending.
unsigned steps_of_a_job() {
    unsigned steps = 0;
    for (const auto& trial : play(2 * workers, [](unsigned) { return Cut{}; })) {
        REQUIRE_MESSAGE(!trial.broken, trial.story);
        steps = std::max(steps, trial.steps);
    }
    return steps;
}

/// How long that takes at full speed while others do the same; us.
long time_of_a_job() {
    std::vector<long> times;
    for (const auto& trial : play(4 * workers, [](unsigned) { return Cut{0, std::chrono::seconds(30)}; }))
        times.push_back(trial.took);
    std::ranges::sort(times);
    return times[times.size() / 4];
}

void report(const std::vector<Trial>& trials, const std::string& what) {
    int cut = 0, told = 0, completed = 0, executed = 0;
    std::map<std::string, int> states;
    for (const auto& trial : trials) {
        CHECK_MESSAGE(!trial.broken, trial.story);
        cut += trial.cut;
        told += trial.told;
        completed += trial.completed;
        executed += trial.executions > 0;
        ++states[trial.state];
    }
    std::printf(
        "%s: %zu cuts, %d of them before the end; %d submits answered, %d jobs ran and none twice, %d results seen and "
        "all kept;",
        what.c_str(), trials.size(), cut, told, executed, completed);
    for (const auto& [state, count] : states) std::printf(" %s %d", state.c_str(), count);
    std::printf("\n");
}

unsigned number_from(const char* name, unsigned otherwise) {
    const char* const text = std::getenv(name);
    return text ? static_cast<unsigned>(std::strtoul(text, nullptr, 10)) : otherwise;
}

}  // namespace

TEST_CASE("whatever step the power goes before, no result is lost and nothing runs twice") {
    const unsigned steps = steps_of_a_job();
    const unsigned only = number_from("VMC_STEP", 0);
    const auto trials = play(only ? 1 : steps + 4, [&](unsigned i) { return Cut{only ? only : i + 1, {}}; });
    report(trials, "every step");
}

TEST_CASE("whatever instant the power goes at, no result is lost and nothing runs twice") {
    const unsigned seed = number_from("VMC_SEED", std::random_device()());
    std::printf("seed %u; replay: VMC_SEED=%u build/asan/bin/disk -tc='whatever instant*'\n", seed, seed);
    std::mt19937 chance(seed);
    std::vector<std::chrono::microseconds> instants(2000);
    std::uniform_int_distribution<long> instant(0, time_of_a_job());
    for (auto& one : instants) one = std::chrono::microseconds(instant(chance));
    const auto trials = play(static_cast<unsigned>(instants.size()), [&](unsigned i) { return Cut{0, instants[i]}; });
    report(trials, "any instant");
}

namespace {

/// What an fsync of the runner is for: which promise breaks without it.
struct Fsync {
    const char* name;
    const char* broken;  ///< nullptr: nothing that this file system could lose
    const char* why;
};

// ext4 commits its journal in order: whatever a later sync makes durable, takes every earlier change of a name with
// it. So an early one can be missed there and only there; POSIX promises nothing of the kind.
const Fsync fsyncs[] = {
    {"claim", nullptr, "a later sync takes the directory's name with it"},
    {"files", nullptr, "only takes the room that the ending needs"},
    {"request", "it ran, and its request cannot be read", ""},
    {"request-name", nullptr, "start-name syncs the same directory"},
    {"start", "it ran, and is said to have never begun", ""},
    {"start-name", "it ran, and is said to have never begun", ""},
    {"output", "it has a result and not all of its output", ""},
    {"result", "its result was seen, and is lost", ""},
    {"result-name", "its result was seen, and is lost", ""},
};

}  // namespace

TEST_CASE("without one of its fsyncs the runner would lose what that one is for") {
    const unsigned steps = steps_of_a_job() + 4;
    for (const auto& fsync : fsyncs) {
        std::map<std::string, int> broken;
        for (const auto& trial : play(steps, [](unsigned i) { return Cut{i + 1, {}}; }, fsync.name))
            for (auto at = trial.story.find("BROKEN: "); at != std::string::npos;) {
                const auto end = trial.story.find("; BROKEN: ", at);
                ++broken[trial.story.substr(at + 8, end == std::string::npos ? end : end - at - 8)];
                at = end == std::string::npos ? end : end + 2;
            }
        std::printf("without `%s`: %u cuts:", fsync.name, steps);
        if (broken.empty()) std::printf(" nothing lost (%s)", fsync.why);
        for (const auto& [promise, count] : broken) std::printf(" %s (%d)", promise.c_str(), count);
        std::printf("\n");
        INFO("without ", fsync.name);
        CHECK(broken.empty() == (fsync.broken == nullptr));
        if (fsync.broken) CHECK(broken.contains(fsync.broken));
    }
}
