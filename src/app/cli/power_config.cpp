// SPDX-License-Identifier: Apache-2.0
#include "app/cli/power_config.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "app/cli/table_reader.hpp"
#include "model/power_text.hpp"

namespace vmc::cli {

namespace {

constexpr std::array common = {"type", "secrets", "within"};
constexpr std::array programs = {"status", "off", "on", "cycle", "reset", "nmi"};

class PowerReader : TableReader {
public:
    PowerReader(const std::string& path, const toml::table& table) : TableReader(path, table, "power") {}

    Expected<PowerSwitch> read() const {
        auto type = text("type");
        if (!type) return std::unexpected(std::move(type.error()));
        auto made = *type == "qmp"       ? qmp()
                    : *type == "fence"   ? fence()
                    : *type == "command" ? command()
                                         : bad("type", "must be \"qmp\", \"fence\" or \"command\"");
        if (!made) return made;
        if (auto odd = unknown(*type)) return std::unexpected(std::move(*odd));
        if (table().contains("secrets")) {
            auto file = text("secrets");
            if (!file) return std::unexpected(std::move(file.error()));
            made->secrets(std::move(*file));
        }
        return with_deadline(std::move(*made));
    }

private:
    Expected<PowerSwitch> qmp() const {
        auto socket = text("socket");
        if (!socket) return std::unexpected(std::move(socket.error()));
        return PowerSwitch::qmp(std::move(*socket));
    }

    /// Every option of an agent has a line of its standard input.
    Expected<PowerSwitch> fence() const {
        auto agent = text("agent");
        if (!agent) return std::unexpected(std::move(agent.error()));
        std::map<std::string, std::string> options;
        const auto* const node = table().get("options");
        if (node != nullptr && !node->is_table()) return bad("options", "must be a table: { plug = \"NAME\" }");
        if (node != nullptr) {
            for (const auto& [name, value] : *node->as_table()) {
                const std::string key(name.str());
                auto written = value.value_exact<std::string>();
                if (const auto number = value.value_exact<std::int64_t>()) written = std::to_string(*number);
                if (const auto truth = value.value_exact<bool>()) written = *truth ? "1" : "0";
                if (!written || written->find('\n') != std::string::npos || key.find_first_of("=\n") != key.npos)
                    return bad("options", "must hold texts of one line and numbers: " + key);
                if (key == "action" || key == "option") return bad("options", "cannot hold the action");
                if (model::is_secret(key)) return bad("options", "hold a password: put it into the secrets");
                options[key] = std::move(*written);
            }
        }
        return PowerSwitch::fence(std::move(*agent), std::move(options));
    }

    Expected<PowerSwitch> command() const {
        std::map<std::string, std::vector<std::string>> all;
        for (const char* const name : programs) {
            if (!table().contains(name)) continue;
            auto argv = words(name);
            if (!argv) return std::unexpected(std::move(argv.error()));
            all[name] = std::move(*argv);
        }
        if (!all.contains("status")) return bad("status", "is missing: what was done could not be seen");
        return PowerSwitch::command(std::move(all));
    }

    Expected<PowerSwitch> with_deadline(PowerSwitch made) const {
        if (!table().contains("within")) return made;
        const auto most = span("within");
        if (!most) return std::unexpected(most.error());
        made.within(*most);
        return made;
    }

    /// A word that is not understood may have been meant for something.
    [[nodiscard]] std::optional<Failure> unknown(std::string_view type) const {
        for (const auto& [name, value] : table()) {
            const auto key = name.str();
            const bool is_common = std::ranges::find(common, key) != common.end();
            const bool is_program = type == "command" && std::ranges::find(programs, key) != programs.end();
            const bool is_own =
                (type == "qmp" && key == "socket") || (type == "fence" && (key == "agent" || key == "options"));
            if (!is_common && !is_program && !is_own)
                return bad(key, "is no setting of a power switch of type \"" + std::string(type) + "\"").error();
        }
        return std::nullopt;
    }
};

}  // namespace

Expected<PowerSwitch> read_power_switch(const std::string& path, const toml::table& table) {
    return PowerReader(path, table).read();
}

}  // namespace vmc::cli
