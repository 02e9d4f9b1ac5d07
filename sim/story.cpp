// SPDX-License-Identifier: Apache-2.0
#include "sim/story.hpp"

#include <algorithm>
#include <cstdio>

namespace vmc::sim {

void Story::mix(std::uint64_t detail) noexcept {
    const auto now = static_cast<std::uint64_t>(agenda_.now().time_since_epoch().count());
    for (const std::uint64_t word : {now, detail}) hash_ = (hash_ ^ word) * 0x100000001b3;
}

void Story::tell(std::string_view who, std::string_view what) {
    char when[32];
    const double seconds = std::chrono::duration<double>(agenda_.now().time_since_epoch()).count();
    std::snprintf(when, sizeof when, "%10.3fs ", seconds);
    std::string line = when;
    line.append(who).append(": ").append(what);
    for (const char c : line) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    lines_.push_back(std::move(line));
}

std::size_t Story::count(std::string_view part) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        lines_, [part](const std::string& line) { return line.find(part) != std::string::npos; }));
}

std::string Story::text() const {
    std::string all;
    for (const auto& line : lines_) all.append(line).append("\n");
    return all;
}

}  // namespace vmc::sim
