// SPDX-License-Identifier: Apache-2.0
#include "app/cli/console_config.hpp"

#include <string_view>
#include <vector>

#include "app/cli/table_reader.hpp"

namespace vmc::cli {

namespace {

class ConsoleReader : TableReader {
public:
    ConsoleReader(const std::string& path, const toml::table& table) : TableReader(path, table, "console") {}

    Expected<ConsoleSource> read() const {
        auto type = text("type");
        if (!type) return std::unexpected(std::move(type.error()));
        const bool is_command = *type == "command";
        if (!is_command && *type != "socket" && *type != "file")
            return bad("type", R"(must be "socket", "file" or "command")");
        for (const auto& [name, value] : table())
            if (name.str() != "type" && name.str() != (is_command ? "command" : "path"))
                return bad(name.str(), "is no setting of a console of type \"" + *type + "\"");
        if (is_command) return command();
        auto where = text("path");
        if (!where) return std::unexpected(std::move(where.error()));
        return *type == "socket" ? ConsoleSource::socket(std::move(*where)) : ConsoleSource::file(std::move(*where));
    }

private:
    [[nodiscard]] Expected<ConsoleSource> command() const {
        auto argv = words("command");
        if (!argv) return std::unexpected(std::move(argv.error()));
        return ConsoleSource::command(std::move(*argv));
    }
};

}  // namespace

Expected<ConsoleSource> read_console_source(const std::string& path, const toml::table& table) {
    return ConsoleReader(path, table).read();
}

}  // namespace vmc::cli
