// SPDX-License-Identifier: Apache-2.0
// One job, one power cut, and what a client finds afterwards.
#pragma once

#include <string>

#include "disk/machine.hpp"

namespace disk {

struct Trial {
    Cut asked;
    bool cut = false;        ///< it had not come to its end by then
    bool told = false;       ///< the client has read that it was submitted
    bool completed = false;  ///< anybody who looked has seen its result
    unsigned steps = 0;
    long took = 0;           ///< us, from the start of the submit to the end of all that it started
    int executions = 0;      ///< after the client has submitted it once more
    std::string state;       ///< of the job, after the power came back
    std::string story;       ///< one line
    bool broken = false;     ///< a promise; the story says which

    /// In one line and back: trials are played by processes of their own.
    [[nodiscard]] std::string line() const;
    static Trial of_line(const std::string& line);
};

/// Submits a job, cuts the power, boots, looks, submits the same once more. `without`: the name of an fsync
/// that the runner is robbed of.
Trial play_one(Machine& machine, Cut cut, const std::string& without);

}  // namespace disk
