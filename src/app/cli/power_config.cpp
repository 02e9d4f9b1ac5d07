// SPDX-License-Identifier: Apache-2.0
#include "app/cli/power_config.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "model/span_text.hpp"

namespace vmc::cli {

namespace {

constexpr std::array common = {"type", "secrets", "within"};
constexpr std::array programs = {"status", "off", "on", "cycle", "reset", "nmi"};

class Reader {
public:
    Reader(const std::string& path, const toml::table& table) : path_(path), table_(table) {}

    Expected<PowerSwitch> read() const {
        auto type = text("type");
        if (!type) return std::unexpected(std::move(type.error()));
        auto made = *type == "qmp"       ? qmp()
                    : *type == "fence"   ? fence()
                    : *type == "command" ? command()
                                         : bad("type", "must be \"qmp\", \"fence\" or \"command\"");
        if (!made) return made;
        if (auto odd = unknown(*type)) return std::unexpected(std::move(*odd));
        if (table_.contains("secrets")) {
            auto file = text("secrets");
            if (!file) return std::unexpected(std::move(file.error()));
            made->secrets(std::move(*file));
        }
        return with_deadline(std::move(*made));
    }

private:
    [[nodiscard]] std::string place(std::string_view key) const {
        const auto* const node = table_.get(key);
        const auto line = node != nullptr ? node->source().begin.line : table_.source().begin.line;
        return path_ + ":" + std::to_string(line) + ": power." + std::string(key);
    }
    [[nodiscard]] std::unexpected<Failure> bad(std::string_view key, const std::string& why) const {
        return our_failure(place(key) + " " + why);
    }

    [[nodiscard]] Expected<std::string> text(std::string_view key) const {
        const auto* const node = table_.get(key);
        if (node == nullptr) return bad(key, "is missing");
        const auto value = node->value_exact<std::string>();
        if (!value || value->empty() || value->find('\0') != std::string::npos ||
            value->find('\n') != std::string::npos)
            return bad(key, "must be one line of text");
        return *value;
    }

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
        const auto* const node = table_.get("options");
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
                if (key == "password" || key == "passwd")
                    return bad("options", "hold a password: put it into the secrets");
                options[key] = std::move(*written);
            }
        }
        return PowerSwitch::fence(std::move(*agent), std::move(options));
    }

    Expected<PowerSwitch> command() const {
        std::map<std::string, std::vector<std::string>> all;
        for (const char* const name : programs) {
            const auto* const node = table_.get(name);
            if (node == nullptr) continue;
            const auto* const words = node->as_array();
            if (words == nullptr || words->empty())
                return bad(name, "must be a list of words: [\"program\", \"word\"]");
            for (const auto& word : *words) {
                const auto value = word.value_exact<std::string>();
                if (!value || value->find('\0') != std::string::npos) return bad(name, "must be a list of words");
                all[name].push_back(*value);
            }
            if (all[name].front().empty()) return bad(name, "begins with an empty word");
        }
        if (!all.contains("status")) return bad("status", "is missing: what was done could not be seen");
        return PowerSwitch::command(std::move(all));
    }

    Expected<PowerSwitch> with_deadline(PowerSwitch made) const {
        const auto* const node = table_.get("within");
        if (node == nullptr) return made;
        const auto number = node->value_exact<std::int64_t>();
        const auto written = number ? std::optional(std::to_string(*number)) : node->value_exact<std::string>();
        const auto span = written ? model::parse_span(*written) : std::nullopt;
        if (!span || *span <= Duration{}) return bad("within", "must be a span like 10, 90s or 5m");
        made.within(*span);
        return made;
    }

    /// A word that is not understood may have been meant for something.
    [[nodiscard]] std::optional<Failure> unknown(std::string_view type) const {
        for (const auto& [name, value] : table_) {
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

    const std::string& path_;
    const toml::table& table_;
};

}  // namespace

Expected<PowerSwitch> read_power_switch(const std::string& path, const toml::table& table) {
    return Reader(path, table).read();
}

}  // namespace vmc::cli
