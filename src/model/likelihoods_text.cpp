// SPDX-License-Identifier: Apache-2.0
// The table as text: one line for each row, so that a new count reads as a diff.
//
//     vm-connection likelihoods 1
//     seeds 1-20000
//     fitted 2026-11-27
//     temperature 0.8
//     sha1 9f3c…
//     row path-dead direct alive 812 login:silent=400,refused=1 echo:silent=640
#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "model/likelihoods.hpp"
#include "model/sha1.hpp"

namespace vmc::model {
namespace {

constexpr std::string_view heading = "vm-connection likelihoods 1";
/// More than any count can be, and far below where sums of doubles lose whole numbers.
constexpr double most_weight = 1e12;

std::vector<std::string_view> split(std::string_view text, char by) {
    std::vector<std::string_view> parts;
    for (std::size_t from = 0; from <= text.size();) {
        const auto to = std::min(text.find(by, from), text.size());
        parts.push_back(text.substr(from, to - from));
        from = to + 1;
    }
    return parts;
}

std::optional<double> number(std::string_view text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    if (!std::isfinite(value) || value < 0 || value > most_weight) return std::nullopt;
    return value;
}

std::string text_of(double value) {
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof digits, value);
    return {digits, end.ptr};
}

std::string hex_of(const Sha1& sum) {
    std::string text;
    for (const auto byte : sum) {
        text += "0123456789abcdef"[byte >> 4U];
        text += "0123456789abcdef"[byte & 15U];
    }
    return text;
}

bool is_slug(std::string_view text) {
    return !text.empty() && text.size() <= 40 &&
           std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; });
}

/// "login:silent=400,refused=1"; empty when it is not.
std::string read_counts(std::string_view text, Likelihoods::Row& row) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) return "no feature in \"" + std::string(text) + "\"";
    const auto name = text.substr(0, colon);
    for (const Feature feature : all_features()) {
        if (slug(feature) != name) continue;
        auto& counts = row.counts[static_cast<std::size_t>(feature)];
        if (!counts.empty()) return "the feature " + std::string(name) + " twice";
        counts.assign(values_of(feature).size(), 0.0);
        for (const auto part : split(text.substr(colon + 1), ',')) {
            const auto sign = part.find('=');
            const auto value = parse_value(feature, part.substr(0, sign));
            const auto count = sign == std::string_view::npos ? std::nullopt : number(part.substr(sign + 1));
            if (!value || *value == 0 || !count) return "no count in \"" + std::string(part) + "\"";
            counts[*value] = *count;
        }
        return {};
    }
    return "no feature is called \"" + std::string(name) + "\"";
}

std::string read_row(std::string_view line, Likelihoods::Row& row) {
    const auto words = split(line, ' ');
    if (words.size() < 5) return "a row is too short";
    const auto setting = parse_setting(words[2]);
    const auto episodes = number(words[4]);
    if (!is_slug(words[1]) || !setting || (words[3] != "alive" && words[3] != "dead") || !episodes || *episodes <= 0)
        return "a row does not begin with cause, setting, alive or dead, and how often";
    row.cause = words[1];
    row.setting = *setting;
    row.alive = words[3] == "alive";
    row.episodes = *episodes;
    for (std::size_t i = 5; i < words.size(); ++i)
        if (auto wrong = read_counts(words[i], row); !wrong.empty()) return wrong;
    return {};
}

std::string row_text(const Likelihoods::Row& row) {
    std::string text = "row " + row.cause + " " + std::string(slug(row.setting)) + (row.alive ? " alive " : " dead ") +
                       text_of(row.episodes);
    for (const Feature feature : all_features()) {
        const auto& counts = row.counts[static_cast<std::size_t>(feature)];
        std::string list;
        for (std::size_t value = 1; value < counts.size(); ++value)
            if (counts[value] > 0)
                list +=
                    (list.empty() ? "" : ",") + std::string(values_of(feature)[value]) + "=" + text_of(counts[value]);
        if (!list.empty()) text += " " + std::string(slug(feature)) + ":" + list;
    }
    return text + "\n";
}

std::unexpected<Error> damaged(std::size_t line, const std::string& what) {
    return failed(Code::local, Stage::config, "line " + std::to_string(line) + ": " + what);
}

/// What stands above the rows; each exactly once.
struct Head {
    Provenance from;
    double temperature = 0;
    int fields = 0;

    bool read(std::string_view line) {
        const auto space = line.find(' ');
        if (space == std::string_view::npos) return false;
        const auto name = line.substr(0, space), value = line.substr(space + 1);
        const auto once = [&](std::string& into) {
            if (!into.empty() || value.empty()) return false;
            into = value;
            return ++fields > 0;
        };
        if (name == "seeds") return once(from.seeds);
        if (name == "fitted") return once(from.fitted_on);
        if (name == "sha1") return once(from.sha1);
        const auto degrees = number(value);
        if (name != "temperature" || temperature > 0 || !degrees || *degrees <= 0 || *degrees > 1) return false;
        temperature = *degrees;
        return ++fields > 0;
    }
};

}  // namespace

Result<Likelihoods> Likelihoods::parse(std::string_view text) {
    Head head;
    std::vector<Row> rows;
    std::string hashed;
    const auto lines = split(text, '\n');
    if (lines.front() != heading) return damaged(1, "this is no table of likelihoods");
    for (std::size_t i = 1; i < lines.size(); ++i) {
        const auto line = lines[i];
        if (line.empty() && i + 1 == lines.size()) break;
        if (!line.starts_with("row ")) {
            if (!rows.empty() || !head.read(line)) return damaged(i + 1, "unknown or out of place");
            continue;
        }
        Row row;
        if (auto wrong = read_row(line, row); !wrong.empty()) return damaged(i + 1, wrong);
        for (const Feature feature : all_features()) {
            auto& counts = row.counts[static_cast<std::size_t>(feature)];
            if (counts.empty()) counts.assign(values_of(feature).size(), 0.0);
        }
        hashed.append(line).append("\n");
        rows.push_back(std::move(row));
    }
    if (head.fields != 4 || rows.empty()) return damaged(lines.size(), "not all of it is there");
    if (hex_of(model::sha1(hashed)) != head.from.sha1)
        return damaged(lines.size(), "the rows are not those that were hashed");
    return Likelihoods(std::move(rows), head.temperature, std::move(head.from));
}

std::string Likelihoods::serialise() const {
    std::string rows;
    for (const Row& row : rows_) rows += row_text(row);
    return std::string(heading) + "\nseeds " + provenance_.seeds + "\nfitted " + provenance_.fitted_on +
           "\ntemperature " + text_of(temperature_) + "\nsha1 " + hex_of(model::sha1(rows)) + "\n" + rows;
}

}  // namespace vmc::model
