// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "port/store.hpp"

namespace vmc::edge {

/// port::Store in a directory of the user's own: one file per record, mode 0600 below directories of
/// mode 0700, written to a temporary file and renamed; `write` syncs both. `update`
/// holds a lock file beside the record (flock, so a killed process leaves none held). Refuses a
/// directory or file that is a symlink, or that belongs to somebody else: the state directory decides
/// whom we trust. Blocks for as long as the disk does; records are small. Any thread.
class FileStore final : public port::Store {
public:
    /// Made when it is first written to, with the directories above it that are missing.
    explicit FileStore(std::string directory) : directory_(std::move(directory)) {}

    Result<std::optional<std::string>> read(std::string_view name) override;
    Result<void> write(std::string_view name, std::string_view content) override;
    Result<void> remove(std::string_view name) override;
    Result<std::string> update(std::string_view name,
                               const std::function<std::string(std::optional<std::string>)>& change,
                               Lasting lasting = Lasting::passing) override;
    Result<void> append(std::string_view name, std::string_view line) override;

private:
    std::string directory_;
};

}  // namespace vmc::edge
