// SPDX-License-Identifier: Apache-2.0
#include "edge/console/file_place.hpp"

#include <algorithm>
#include <array>

#include "model/key_values.hpp"

namespace vmc::edge {

namespace {
constexpr std::string_view digits = "0123456789abcdef";
}

std::optional<FilePlace> FilePlace::parse(std::string_view text) {
    std::array<std::string_view, 4> words;
    for (auto& word : words) {
        const auto end = std::min(text.find(' '), text.size());
        word = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    const auto device = model::whole_number<std::uint64_t>(words[0]);
    const auto inode = model::whole_number<std::uint64_t>(words[1]);
    const auto offset = model::whole_number<std::uint64_t>(words[2]);
    if (!device || !inode || !offset || !text.empty() ||
        words[3].size() != 2 * std::min<std::uint64_t>(marked, *offset))
        return std::nullopt;
    FilePlace place(*device, *inode);
    place.offset = *offset;
    for (std::size_t i = 0; i < words[3].size(); i += 2) {
        const auto high = digits.find(words[3][i]), low = digits.find(words[3][i + 1]);
        if (high == digits.npos || low == digits.npos) return std::nullopt;
        place.mark += static_cast<char>(high * 16 + low);
    }
    return place;
}

std::string FilePlace::serialise() const {
    if (inode_ == 0) return {};
    std::string text = std::to_string(device_) + " " + std::to_string(inode_) + " " + std::to_string(offset) + " ";
    for (const char c : mark) {
        const auto byte = static_cast<unsigned char>(c);
        (text += digits[byte >> 4U]) += digits[byte & 15U];
    }
    return text;
}

void FilePlace::pass(std::string_view bytes) {
    offset += bytes.size();
    mark += bytes.substr(bytes.size() - std::min(bytes.size(), marked));
    if (mark.size() > marked) mark.erase(0, mark.size() - marked);
}

}  // namespace vmc::edge
