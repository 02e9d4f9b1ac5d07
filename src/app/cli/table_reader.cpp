// SPDX-License-Identifier: Apache-2.0
#include "app/cli/table_reader.hpp"

#include <optional>

#include "model/span_text.hpp"

namespace vmc::cli {

std::unexpected<Failure> TableReader::bad(std::string_view key, const std::string& why) const {
    const auto* const node = table_.get(key);
    const auto line = node != nullptr ? node->source().begin.line : table_.source().begin.line;
    return our_failure(path_ + ":" + std::to_string(line) + ": " + std::string(name_) + "." + std::string(key) + " " +
                       why);
}

Expected<std::string> TableReader::text(std::string_view key) const {
    const auto* const node = table_.get(key);
    if (node == nullptr) return bad(key, "is missing");
    const auto value = node->value_exact<std::string>();
    if (!value || value->empty() || value->find('\0') != std::string::npos || value->find('\n') != std::string::npos)
        return bad(key, "must be one line of text");
    return *value;
}

Expected<std::vector<std::string>> TableReader::words(std::string_view key) const {
    const auto* const node = table_.get(key);
    if (node == nullptr) return bad(key, "is missing");
    const auto* const list = node->as_array();
    if (list == nullptr || list->empty()) return bad(key, R"(must be a list of words: ["program", "word"])");
    std::vector<std::string> argv;
    for (const auto& word : *list) {
        const auto value = word.value_exact<std::string>();
        if (!value || value->find('\0') != std::string::npos) return bad(key, "must be a list of words");
        argv.push_back(*value);
    }
    if (argv.front().empty()) return bad(key, "begins with an empty word");
    return argv;
}

Expected<Duration> TableReader::span(std::string_view key) const {
    const auto* const node = table_.get(key);
    if (node == nullptr) return bad(key, "is missing");
    const auto number = node->value_exact<std::int64_t>();
    const auto written = number ? std::optional(std::to_string(*number)) : node->value_exact<std::string>();
    const auto span = written ? model::parse_span(*written) : std::nullopt;
    if (!span || *span <= Duration{}) return bad(key, "must be a span like 10, 90s or 5m");
    return *span;
}

}  // namespace vmc::cli
