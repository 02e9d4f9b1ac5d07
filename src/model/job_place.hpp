// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vmc::model {

/// Where the jobs of one VM live and how they are kept there, as `prepare` found it. Chosen once and
/// kept by the client: sent with each submit, so that one id is never claimed in two places.
class JobPlace {
public:
    std::string root;        ///< absolute
    std::string device;      ///< st_dev of it; empty: not to be known
    std::string machine_id;
    std::string sync;        ///< "sync", "dd" or "none": how a file gets onto the disk
    std::string setsid;      ///< "fork", "plain" or "none"
    std::string filesystem;  ///< "ext2/ext3", "tmpfs", …
    std::optional<std::uint64_t> free_kib;     ///< not kept
    std::optional<std::uint64_t> free_inodes;  ///< not kept

    /// From `key=value` lines; nothing without a root.
    [[nodiscard]] static std::optional<JobPlace> parse(std::string_view text);
    [[nodiscard]] std::string text() const;
    /// Why a job here would not survive, or would not be kept; empty when it would.
    [[nodiscard]] std::string why_not_durable() const;
};

/// The name of the record that keeps it.
[[nodiscard]] std::string job_place_name(std::string_view host, std::uint16_t port, std::string_view user);

}  // namespace vmc::model
