// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vmc::edge {

/// Up to where a file was read, and how to know that it is still that file: its numbers, and the bytes before that
/// place. One that was truncated and has grown past it again in between does not pass for it.
class FilePlace {
public:
    static constexpr std::size_t marked = 64;

    FilePlace() = default;
    FilePlace(std::uint64_t device, std::uint64_t inode) : device_(device), inode_(inode) {}
    /// Nothing for what serialise() did not make.
    [[nodiscard]] static std::optional<FilePlace> parse(std::string_view text);
    /// One line; empty where no file was read.
    [[nodiscard]] std::string serialise() const;

    [[nodiscard]] bool is_in(std::uint64_t device, std::uint64_t inode) const noexcept {
        return device_ == device && inode_ == inode;
    }
    /// These bytes were read from there.
    void pass(std::string_view bytes);

    std::uint64_t offset = 0;
    std::string mark;  ///< at most the last 64 bytes before it

private:
    std::uint64_t device_ = 0;
    std::uint64_t inode_ = 0;
};

}  // namespace vmc::edge
