// SPDX-License-Identifier: Apache-2.0
#include <vm_connection/power.hpp>

namespace vmc {

std::string_view slug(PowerState state) noexcept {
    switch (state) {
        case PowerState::unknown: return "unknown";
        case PowerState::on: return "on";
        case PowerState::off: return "off";
        case PowerState::paused: return "paused";
        case PowerState::panicked: return "panicked";
        case PowerState::dumping: return "dumping";
    }
    return "unknown";
}

std::optional<PowerState> parse_power_state(std::string_view text) noexcept {
    using enum PowerState;
    for (const PowerState state : {unknown, on, off, paused, panicked, dumping})
        if (slug(state) == text) return state;
    return std::nullopt;
}

std::string_view slug(PowerAction action) noexcept {
    switch (action) {
        case PowerAction::off: return "off";
        case PowerAction::on: return "on";
        case PowerAction::cycle: return "cycle";
        case PowerAction::reset: return "reset";
        case PowerAction::nmi: return "nmi";
    }
    return "off";
}

std::optional<PowerAction> parse_power_action(std::string_view text) noexcept {
    using enum PowerAction;
    for (const PowerAction action : {off, on, cycle, reset, nmi})
        if (slug(action) == text) return action;
    return std::nullopt;
}

}  // namespace vmc
