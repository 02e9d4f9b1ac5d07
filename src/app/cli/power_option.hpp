// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include <vm_connection/power.hpp>

#include "app/cli/failure.hpp"
#include "app/cli/host_options.hpp"

namespace CLI {
class App;
}

namespace vmc::cli {

/// --power: a switch that the configuration does not name, or another one than that.
class PowerOption {
public:
    void describe(CLI::App& app, const char* group);
    /// Where it was given, it is the host's.
    [[nodiscard]] Expected<void> apply(HostOptions& host) const;

private:
    /// "qmp:SOCKET", "fence:AGENT[,KEY=VALUE...]", or "none".
    [[nodiscard]] static Expected<std::optional<PowerSwitch>> read(const std::string& text);

    std::optional<std::string> text_;
};

}  // namespace vmc::cli
