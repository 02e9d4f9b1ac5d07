// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/cli/failure.hpp"

namespace CLI {
class App;
}

namespace vmc::cli {

/// What stood behind `--`; nothing when there was no `--`.
using Words = std::optional<std::vector<std::string>>;

/// One word of `vmc VERB …`: what it is told on the command line, and what it does.
class Verb {
public:
    virtual ~Verb() = default;
    [[nodiscard]] virtual std::string_view name() const = 0;
    /// Half a line for `vmc --help`.
    [[nodiscard]] virtual std::string_view summary() const = 0;
    /// Its options, help and examples. Values land in the verb itself.
    virtual void describe(CLI::App& app) = 0;
    /// The exit code. Called once, after the command line was understood.
    virtual Expected<int> run(const Words& words) = 0;
};

std::unique_ptr<Verb> exec_verb();
std::unique_ptr<Verb> run_verb();
std::unique_ptr<Verb> jobs_verb();
std::unique_ptr<Verb> attach_verb();
std::unique_ptr<Verb> logs_verb();
std::unique_ptr<Verb> cancel_verb();
std::unique_ptr<Verb> rm_verb();
std::unique_ptr<Verb> check_verb();
std::unique_ptr<Verb> diagnose_verb();
std::unique_ptr<Verb> boot_verb();
std::unique_ptr<Verb> power_verb();
std::unique_ptr<Verb> recover_verb();
std::unique_ptr<Verb> reboot_verb();
std::unique_ptr<Verb> incidents_verb();
std::unique_ptr<Verb> console_verb();
std::unique_ptr<Verb> wait_verb();
std::unique_ptr<Verb> trust_verb();
std::unique_ptr<Verb> config_verb();

}  // namespace vmc::cli
