// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include <vm_connection/power.hpp>

#include "app/cli/failure.hpp"

namespace CLI {
class App;
}

namespace vmc::cli {

/// --power: a switch that the configuration does not name, or another one than that.
class PowerOption {
public:
    void describe(CLI::App& app, const char* group);
    [[nodiscard]] bool given() const { return text_.has_value(); }
    /// "qmp:SOCKET", "fence:AGENT[,KEY=VALUE...]", or "none".
    [[nodiscard]] Expected<std::optional<PowerSwitch>> read() const;

private:
    std::optional<std::string> text_;
};

}  // namespace vmc::cli
