// SPDX-License-Identifier: Apache-2.0
#include "app/cli/console_config.hpp"

#include <string_view>
#include <vector>

namespace vmc::cli {

namespace {

class Reader {
public:
    Reader(const std::string& path, const toml::table& table) : path_(path), table_(table) {}

    Expected<ConsoleSource> read() const {
        auto type = text("type");
        if (!type) return std::unexpected(std::move(type.error()));
        const bool is_command = *type == "command";
        if (!is_command && *type != "socket" && *type != "file")
            return bad("type", R"(must be "socket", "file" or "command")");
        for (const auto& [name, value] : table_)
            if (name.str() != "type" && name.str() != (is_command ? "command" : "path"))
                return bad(name.str(), "is no setting of a console of type \"" + *type + "\"");
        if (is_command) return command();
        auto where = text("path");
        if (!where) return std::unexpected(std::move(where.error()));
        return *type == "socket" ? ConsoleSource::socket(std::move(*where)) : ConsoleSource::file(std::move(*where));
    }

private:
    [[nodiscard]] std::unexpected<Failure> bad(std::string_view key, const std::string& why) const {
        const auto* const node = table_.get(key);
        const auto line = node != nullptr ? node->source().begin.line : table_.source().begin.line;
        return our_failure(path_ + ":" + std::to_string(line) + ": console." + std::string(key) + " " + why);
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

    [[nodiscard]] Expected<ConsoleSource> command() const {
        const auto* const node = table_.get("command");
        if (node == nullptr) return bad("command", "is missing");
        const auto* const words = node->as_array();
        if (words == nullptr || words->empty())
            return bad("command", R"(must be a list of words: ["program", "word"])");
        std::vector<std::string> argv;
        for (const auto& word : *words) {
            const auto value = word.value_exact<std::string>();
            if (!value || value->find('\0') != std::string::npos) return bad("command", "must be a list of words");
            argv.push_back(*value);
        }
        if (argv.front().empty()) return bad("command", "begins with an empty word");
        return ConsoleSource::command(std::move(argv));
    }

    const std::string& path_;
    const toml::table& table_;
};

}  // namespace

Expected<ConsoleSource> read_console_source(const std::string& path, const toml::table& table) {
    return Reader(path, table).read();
}

}  // namespace vmc::cli
