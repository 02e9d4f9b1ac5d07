// SPDX-License-Identifier: Apache-2.0
// Trials, some at a time, each on a machine of its own.
#include <doctest/doctest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <map>
#include <sstream>

#include "disk/trial.hpp"

namespace disk {

/// More than there are processors: a client that finds a claim without a request waits for it.
const unsigned workers = 16;

namespace {

/// In a process of its own: mounts belong to a process, and one that is copied elsewhere is not let go of.
void work(int into, const std::function<Trial(Machine&, unsigned)>& one, unsigned first, unsigned count) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    std::string line;
    try {
        Machine machine;
        for (unsigned i = first; i < count; i += workers) {
            line = one(machine, i).line() + "\n";
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

}  // namespace

std::string Trial::story() const {
    std::string text = asked.after ? "cut after " + std::to_string(asked.after->count()) + " us"
                                   : "cut before step " + std::to_string(asked.before_step);
    text += ": " + state + ", ran " + std::to_string(executions) + " times";
    for (const auto& promise : broken) text += "; BROKEN: " + promise;
    return text;
}

std::string Trial::line() const {
    std::ostringstream text;
    text << asked.before_step << ' ' << (asked.after ? asked.after->count() : -1) << ' ' << cut << ' ' << told << ' '
         << completed << ' ' << steps << ' ' << executions << ' ' << took << ' ' << state;
    for (const auto& promise : broken) text << '\t' << promise;
    return text.str();
}

Trial Trial::of_line(const std::string& line) {
    Trial trial;
    std::istringstream text(line);
    long after = -1;
    text >> trial.asked.before_step >> after >> trial.cut >> trial.told >> trial.completed >> trial.steps >>
        trial.executions >> trial.took;
    if (after >= 0) trial.asked.after = std::chrono::microseconds(after);
    std::getline(text >> std::ws, trial.state, '\t');
    for (std::string promise; std::getline(text, promise, '\t');) trial.broken.push_back(promise);
    return trial;
}

std::vector<Trial> play(const PlayOne& one, unsigned count, const std::function<Cut(unsigned)>& cut_of,
                        const std::string& without) {
    std::fflush(stdout);
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    std::vector<pid_t> processes;
    for (unsigned first = 0; first < workers; ++first) {
        const pid_t process = fork();
        if (process == 0) {
            work(ends[1], [&](Machine& machine, unsigned i) { return one(machine, cut_of(i), without); }, first, count);
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

unsigned steps_of(const PlayOne& one) {
    unsigned steps = 0;
    for (const auto& trial : play(one, workers, [](unsigned) { return Cut{}; })) {
        REQUIRE_MESSAGE(trial.broken.empty(), trial.story());
        steps = std::max(steps, trial.steps);
    }
    return steps;
}

std::vector<Trial> play_every_step(const PlayOne& one, unsigned steps, const std::string& without) {
    return play(one, steps + 4, [](unsigned i) { return Cut{.before_step = i + 1}; }, without);
}

void report(const std::vector<Trial>& trials, const std::string& what) {
    int cut = 0, told = 0, completed = 0, executed = 0, executions = 0;
    std::map<std::string, int> states;
    for (const auto& trial : trials) {
        CHECK_MESSAGE(trial.broken.empty(), trial.story());
        cut += trial.cut;
        told += trial.told;
        completed += trial.completed;
        executed += trial.executions > 0;
        executions += trial.executions;
        ++states[trial.state];
    }
    std::printf(
        "%s: %zu cuts, %d of them before the end; %d submits answered, %d jobs ran, %d times in all; %d results seen;",
        what.c_str(), trials.size(), cut, told, executed, executions, completed);
    for (const auto& [state, count] : states) std::printf(" %s %d", state.c_str(), count);
    std::printf("\n");
}

}  // namespace disk
