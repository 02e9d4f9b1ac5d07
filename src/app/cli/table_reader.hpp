// SPDX-License-Identifier: Apache-2.0
// A table of a configuration file, read key by key; every complaint names its line.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>

#include <vm_connection/time.hpp>

#include "app/cli/failure.hpp"

namespace vmc::cli {

class TableReader {
public:
    /// `name`: of the table, for complaints ("power"). Both outlive it.
    TableReader(const std::string& path, const toml::table& table, std::string_view name)
        : path_(path), table_(table), name_(name) {}

    [[nodiscard]] const toml::table& table() const { return table_; }
    /// "PATH:LINE: power.KEY why"
    [[nodiscard]] std::unexpected<Failure> bad(std::string_view key, const std::string& why) const;
    /// One line of text that is not empty; it has to be there.
    [[nodiscard]] Expected<std::string> text(std::string_view key) const;
    /// A program and its words; it has to be there.
    [[nodiscard]] Expected<std::vector<std::string>> words(std::string_view key) const;
    /// A number of seconds or a span with its unit, more than nothing; it has to be there.
    [[nodiscard]] Expected<Duration> span(std::string_view key) const;

private:
    const std::string& path_;
    const toml::table& table_;
    std::string_view name_;
};

}  // namespace vmc::cli
