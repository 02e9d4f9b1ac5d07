// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "app/cli/failure.hpp"

namespace vmc::cli {

/// A file that holds the whole of a new content or, at every other moment, what it held before.
/// What is not a regular file (a pipe, /dev/fd/3) is written to directly.
class ResultFile {
public:
    /// Proves that `path` can be written before anything is done that needs a result. An empty
    /// path stands for none.
    [[nodiscard]] static Expected<ResultFile> claim(std::string path);
    ResultFile(ResultFile&& other) noexcept;
    ResultFile& operator=(ResultFile&&) = delete;
    ~ResultFile();  ///< without write(): what was there stays

    [[nodiscard]] Expected<void> write(std::string_view content);

private:
    explicit ResultFile(std::string path) : path_(std::move(path)) {}
    void make_draft();
    [[nodiscard]] bool name_draft();
    [[nodiscard]] Failure failure(const char* what) const;

    std::string path_;
    std::string draft_;      // empty: written to directly
    bool nameless_ = false;  // the draft has no name yet
    int fd_ = -1;
};

}  // namespace vmc::cli
