// SPDX-License-Identifier: Apache-2.0
#include "model/exit_code.hpp"

#include <algorithm>
#include <iterator>

namespace vmc::model {
namespace {

/// signal(7); position is number.
constexpr std::string_view signals[] = {"",       "HUP",  "INT",    "QUIT", "ILL",   "TRAP", "ABRT", "BUS",
                                        "FPE",    "KILL", "USR1",   "SEGV", "USR2",  "PIPE", "ALRM", "TERM",
                                        "STKFLT", "CHLD", "CONT",   "STOP", "TSTP",  "TTIN", "TTOU", "URG",
                                        "XCPU",   "XFSZ", "VTALRM", "PROF", "WINCH", "IO",   "PWR",  "SYS"};

int code_of(const Exited& e) noexcept { return e.code; }
int code_of(const Signalled& e) noexcept { return 128 + signal_number(e.name).value_or(0); }
int code_of(const TimedOut&) noexcept { return exit_timed_out; }
int code_of(const Lost& e) noexcept { return e.why.code() == Code::cancelled ? exit_cancelled : exit_link; }
int code_of(const Refused& e) noexcept { return exit_code_of(e.why); }

}  // namespace

int exit_code_of(const Outcome& outcome) noexcept {
    return std::visit([](const auto& ending) { return code_of(ending); }, outcome.ending());
}

int exit_code_of(const JobStatus& status) noexcept {
    switch (status.state) {
        case JobState::exited: return status.exit_code.value_or(exit_own_failure);
        case JobState::signalled: return 128 + signal_number(status.signal.value_or("")).value_or(0);
        case JobState::timed_out: return exit_timed_out;
        case JobState::cancelled: return exit_cancelled;
        case JobState::interrupted: return exit_interrupted;
        case JobState::killed: return 128 + 9;
        case JobState::refused: return exit_own_failure;
        case JobState::submitted:
        case JobState::running:
        case JobState::unknown: break;
    }
    return exit_link;
}

int exit_code_of(const Error& error) noexcept {
    switch (error.code()) {
        case Code::bad_request: return exit_usage;
        case Code::declined:
        case Code::local: return exit_own_failure;
        case Code::cancelled: return exit_cancelled;
        default: return exit_link;
    }
}

std::optional<int> signal_number(std::string_view name) noexcept {
    name = name.substr(0, name.find('@'));
    if (name.starts_with("SIG")) name.remove_prefix(3);
    const auto found = std::ranges::find(signals, name);
    if (name.empty() || found == std::end(signals)) return std::nullopt;
    return static_cast<int>(found - std::begin(signals));
}

}  // namespace vmc::model
