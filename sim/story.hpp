// SPDX-License-Identifier: Apache-2.0
// What happened in the world, one line each. Part of the contract: tests read it, and two runs
// of one seed must tell the same story, byte for byte.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/agenda.hpp"

namespace vmc::sim {

class Story {
public:
    explicit Story(const Agenda& agenda) : agenda_(agenda) {}

    /// "   30.000s web-1: rebooted"
    void tell(std::string_view who, std::string_view what);
    /// Too small for a line (one packet), and yet a part of the hash.
    void mix(std::uint64_t detail) noexcept;

    [[nodiscard]] const std::vector<std::string>& lines() const noexcept { return lines_; }
    [[nodiscard]] std::size_t count(std::string_view part) const;
    [[nodiscard]] bool contains(std::string_view part) const { return count(part) > 0; }
    [[nodiscard]] std::string text() const;
    [[nodiscard]] std::uint64_t hash() const noexcept { return hash_; }

private:
    const Agenda& agenda_;
    std::vector<std::string> lines_;
    std::uint64_t hash_ = 0xcbf29ce484222325;  // FNV-1a, 64 bit
};

}  // namespace vmc::sim
