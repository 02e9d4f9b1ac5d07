// SPDX-License-Identifier: Apache-2.0
#include <vm_connection/job.hpp>

#include "base/span.hpp"

namespace vmc {

std::string_view slug(JobState state) noexcept {
    switch (state) {
        case JobState::submitted: return "submitted";
        case JobState::running: return "running";
        case JobState::exited: return "exited";
        case JobState::signalled: return "signalled";
        case JobState::timed_out: return "timed_out";
        case JobState::cancelled: return "cancelled";
        case JobState::interrupted: return "interrupted";
        case JobState::killed: return "killed";
        case JobState::refused: return "refused";
        case JobState::unknown: break;
    }
    return "unknown";
}

std::string JobStatus::line() const {
    std::string text;
    switch (state) {
        case JobState::exited: text = "exited " + std::to_string(exit_code.value_or(0)); break;
        case JobState::signalled: text = "ended by SIG" + signal.value_or("?"); break;
        case JobState::timed_out: text = "timed out"; break;
        default: text = slug(state);
    }
    if (state == JobState::exited && signal == "unknown") text += " (or ended by the signal of that number)";
    if (ended() && started_at && ended_at && *ended_at > *started_at)
        text += " after " + spoken(*ended_at - *started_at);
    if (reboots > 0) text += reboots == 1 ? ", with one reboot" : ", with " + std::to_string(reboots) + " reboots";
    if (!why.empty() && state != JobState::cancelled && why != "its time was up") text += ": " + why;
    if (revert == "armed" && ended()) text += "; nobody has confirmed yet";
    if (revert == "reverting" || revert == "reverted") text += "; reverted, because nobody confirmed in time";
    if (cleanup_pending) text += "; its cleanup has not run";
    return text;
}

}  // namespace vmc
