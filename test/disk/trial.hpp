// SPDX-License-Identifier: Apache-2.0
// One job, power cuts, and what a client finds afterwards.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "disk/machine.hpp"

namespace disk {

struct Trial {
    Cut asked;
    bool cut = false;        ///< it had not come to its end by then
    bool told = false;       ///< the client has read that it was submitted
    bool completed = false;  ///< anybody who looked has seen its result
    unsigned steps = 0;      ///< of the script that the cut was for
    long took = 0;           ///< us, from the start of the submit to the end of all that it started
    int executions = 0;      ///< after the client has submitted it once more
    std::string state;       ///< of the job, in the end
    std::vector<std::string> broken;  ///< promises

    void never(bool is, const char* promise) {
        if (is) broken.emplace_back(promise);
    }
    /// One line, for people.
    [[nodiscard]] std::string story() const;
    /// In one line and back: trials are played by processes of their own.
    [[nodiscard]] std::string line() const;
    static Trial of_line(const std::string& line);
};

/// `without`: the name of an fsync that the runner is robbed of.
using PlayOne = std::function<Trial(Machine&, Cut, const std::string& without)>;

/// Submits a job, cuts the power, boots, looks, submits the same once more.
Trial play_one(Machine& machine, Cut cut, const std::string& without);
/// The power goes under a job that reads an input and begins again after a reboot; a client goes on with it.
Trial play_rerun(Machine& machine, Cut cut, const std::string& without);
/// As before, but the power goes in the middle of the job, and `cut` is when it goes again: while the job is
/// entered again.
Trial play_second_cut(Machine& machine, Cut cut, const std::string& without);
/// The power goes under a job with a cleanup; the next client runs it where it has not been run.
Trial play_cleanup(Machine& machine, Cut cut, const std::string& without);
/// The submitter dies at a step; the next one is told something; then the power goes, and a third one comes.
Trial play_broken_off(Machine& machine, Cut cut, const std::string& without);
/// Of its input there is only a part, the longer the later `cut` would be; no power goes. First nothing more of it
/// is sent, then all.
Trial play_part_of_input(Machine& machine, Cut cut, const std::string& without);

/// Plays `count` trials, some at a time; `cut_of(i)` says when the power goes in the i-th.
std::vector<Trial> play(const PlayOne& one, unsigned count, const std::function<Cut(unsigned)>& cut_of,
                        const std::string& without = {});
/// How many trials are played at a time.
extern const unsigned workers;

/// The number of steps of what the cut is for, when it is not cut.
unsigned steps_of(const PlayOne& one);
/// One trial for each step, and a few for what a run may have more of.
std::vector<Trial> play_every_step(const PlayOne& one, unsigned steps, const std::string& without = {});
/// Fails for each broken promise; prints what the zeros rest on.
void report(const std::vector<Trial>& trials, const std::string& what);

}  // namespace disk
