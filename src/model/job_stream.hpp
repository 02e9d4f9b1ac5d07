// SPDX-License-Identifier: Apache-2.0
// Going on with the output of a job at the exact byte.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vmc::model {

/// How much is asked for again and compared when a stream is taken up.
inline constexpr std::size_t overlap = 4096;

/// How far one stream has been delivered, with the last bytes of it.
class JobPosition {
public:
    JobPosition() = default;
    /// `last`: the bytes before `offset`, where they are known (a file that is continued).
    JobPosition(std::uint64_t offset, std::string last);

    void delivered(std::string_view bytes);
    /// The VM has only `size` bytes: go on there. What was delivered beyond it is gone from the VM.
    void rolled_back(std::uint64_t size);
    [[nodiscard]] std::uint64_t offset() const { return offset_; }
    /// Where to ask from, so that what comes begins with `last()`.
    [[nodiscard]] std::uint64_t ask_from() const { return offset_ - last_.size(); }
    [[nodiscard]] const std::string& last() const { return last_; }
    /// How many of `last()` at its end are NUL.
    [[nodiscard]] std::uint64_t blank_end() const;

private:
    std::uint64_t offset_ = 0;
    std::string last_;
};

/// One stream of an answer: finds where the data begins, compares the overlap, and gives what is new.
class JobReader {
public:
    /// `divided`: what follows is data from the first byte on. `position` outlives it.
    JobReader(JobPosition& position, std::string_view nonce, bool divided);

    /// The new bytes in what arrived; they count as delivered.
    std::string take(std::string_view bytes);
    /// Before the data: what stood there instead of it (an answer that was refused).
    [[nodiscard]] const std::string& header() const { return header_; }
    [[nodiscard]] bool begun() const { return begun_; }
    /// The bytes before the offset are not those that were delivered.
    [[nodiscard]] bool rewritten() const { return rewritten_; }

private:
    JobPosition& position_;
    std::string mark_;
    std::string header_;
    std::string expected_;  // of the overlap, still to come
    bool begun_;
    bool rewritten_ = false;
};

}  // namespace vmc::model
