// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/cli/verb.hpp"

namespace vmc::cli {

/// `vmc VERB OPTIONS… -- COMMAND`, taken apart.
class CommandLine {
public:
    CommandLine(int argc, char** argv);
    ~CommandLine();

    /// An exit code when all that was asked for was help or the version, and it has been printed.
    [[nodiscard]] Expected<std::optional<int>> parse();
    /// Carries the verb out.
    [[nodiscard]] Expected<std::optional<int>> run();

private:
    std::vector<std::string> before_;  // the words before `--`, without our own name
    Words words_;
    std::vector<std::unique_ptr<Verb>> verbs_;
    Verb* chosen_ = nullptr;
};

}  // namespace vmc::cli
