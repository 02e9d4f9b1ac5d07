// SPDX-License-Identifier: Apache-2.0
#include "model/cause.hpp"

namespace vmc::model {

namespace {

/// TCP was accepted, so a kernel lives there; whoever should speak SSH does not.
std::string_view cause_of_silence(Stage stage) noexcept {
    return stage == Stage::banner || stage == Stage::key_exchange || stage == Stage::authentication ? "sshd-hung"
                                                                                                    : "unknown";
}

}  // namespace

std::string_view cause_of(const Error& error) noexcept {
    switch (error.code()) {
        case Code::unknown_name: return "dns";
        case Code::unreachable: return "route";
        case Code::refused: return "sshd-down";
        case Code::timed_out: return cause_of_silence(error.stage());
        case Code::throttled: return "throttled";
        case Code::booting: return "booting";
        case Code::host_key_changed: return "host-key-changed";
        case Code::auth_denied:
        case Code::auth_held: return "auth-denied";
        case Code::restricted_shell: return "restricted-shell";
        default: return "unknown";
    }
}

std::string_view cause_of(const Outcome& outcome) noexcept {
    const auto* why = outcome.why();
    return why != nullptr ? cause_of(*why) : "none";
}

}  // namespace vmc::model
