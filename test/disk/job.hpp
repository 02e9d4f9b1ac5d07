// SPDX-License-Identifier: Apache-2.0
// A job on a Machine, through the scripts that a client sends.
#pragma once

#include <string>
#include <vector>

#include <vm_connection/job_status.hpp>

#include "disk/machine.hpp"
#include "model/job_script.hpp"

namespace disk {

struct Shape {
    bool input = false;    ///< has a standard input, which it copies to its output
    bool reruns = false;   ///< begins again after a reboot, and takes the step `middle`
    bool cleanup = false;
};

class Job {
public:
    /// `without`: the name of an fsync that its scripts and its runner are robbed of.
    explicit Job(Machine& machine, Shape shape = {}, std::string without = {});

    Ran submit(Cut cut);
    /// Of its input so many bytes, as they are left by a disk that was full; and a submit that sends no more.
    Ran submit_with_a_part(std::size_t bytes);
    /// The same again, by somebody who does not wait long for a request that nobody is left to write.
    Ran submit_again();
    Ran resume(int number, Cut cut = {});
    void clean_up();
    vmc::JobStatus look();

    /// What it has executed, cleanup or attempt by attempt: "run 0", "run 1", "cleanup".
    [[nodiscard]] std::vector<std::string> executions() const { return machine_.executions_of(id_); }
    [[nodiscard]] int runs() const;
    /// The output of one execution is all there, at the end of what there is.
    [[nodiscard]] bool has_whole_output() const;
    [[nodiscard]] const std::string& id() const { return id_; }

    static constexpr int code = 3;
    bool absent = false;         ///< as of the last look; so are these:
    bool cleanup_begun = false;

private:
    void stage();
    [[nodiscard]] std::string submit_script() const;
    [[nodiscard]] vmc::model::JobMoment moment() const;
    [[nodiscard]] vmc::JobRequest request() const;
    [[nodiscard]] std::string input() const;

    Machine& machine_;
    Shape shape_;
    std::string without_;
    std::string id_;
    vmc::model::JobOrder order_;
    std::string out_, err_;
};

}  // namespace disk
