// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <vm_connection/job.hpp>

#include "app/cli/contact.hpp"
#include "app/cli/job_sinks.hpp"
#include "app/cli/result_file.hpp"
#include "app/cli/verb.hpp"

namespace vmc::cli {

/// "10M", "1G", "4096": powers of 1024, as dd has them.
[[nodiscard]] Expected<std::uint64_t> size_of(const std::string& option, const std::string& text);

/// The option --directory of the verbs that find jobs again.
void describe_directory(CLI::App& app, std::string& directory);

/// What `vmc run` is told about the job itself.
class RunOptions {
public:
    void describe(CLI::App& app);
    [[nodiscard]] Expected<JobRequest> request(const Words& words, const std::string& host) const;

    /// Says how it ended, on stderr, in the result file and by the exit code.
    [[nodiscard]] static Expected<int> report(const Contact& contact, const Job& job, const JobEnd& end, bool left,
                                              JobSinks& sinks, ResultFile& result, bool json);

private:
    [[nodiscard]] Expected<Command> command(const Words& words, const std::string& host) const;

    std::string revert_;
    std::optional<std::string> confirm_within_;
    std::string name_, id_, cwd_, cleanup_, input_, on_reboot_ = "fail", directory_;
    std::optional<std::string> timeout_, grace_, max_output_;
    std::vector<std::string> env_;
    std::string env_file_;
    int max_reboots_ = 3;
    bool sudo_ = false;
    bool volatile_ = false;
};

}  // namespace vmc::cli
