// SPDX-License-Identifier: Apache-2.0
#include "model/job_place.hpp"

#include "model/key_values.hpp"
#include "model/record_name.hpp"

namespace vmc::model {

namespace {

/// A job takes about 8 KiB and a dozen inodes before its output; below this it is not begun.
constexpr std::uint64_t least_kib = 256;
constexpr std::uint64_t least_inodes = 32;

}  // namespace

std::optional<JobPlace> JobPlace::parse(std::string_view text) {
    const auto values = key_values(text);
    const auto value = [&](std::string_view key) {
        const auto found = values.find(key);
        return found == values.end() ? std::string() : std::string(found->second);
    };
    JobPlace place;
    place.root = value("root");
    if (!place.root.starts_with('/')) return std::nullopt;
    place.device = value("dev");
    place.machine_id = value("machine");
    place.sync = value("sync");
    place.setsid = value("setsid");
    place.filesystem = value("filesystem");
    place.free_kib = whole_number<std::uint64_t>(value("free_kib"));
    place.free_inodes = whole_number<std::uint64_t>(value("free_inodes"));
    return place;
}

std::string JobPlace::text() const {
    return "root=" + root + "\ndev=" + device + "\nmachine=" + machine_id + "\nsync=" + sync + "\nsetsid=" + setsid +
           "\nfilesystem=" + filesystem + "\n";
}

std::string JobPlace::why_not_durable() const {
    if (filesystem == "tmpfs" || filesystem == "ramfs") return root + " is in memory (" + filesystem + ")";
    if (sync == "none") return "nothing there can write a file through to the disk (no sync, no dd)";
    if (setsid == "none") return "there is no setsid: the end of the connection could end the job";
    if (free_kib && *free_kib < least_kib) return "no space left for " + root;
    // Some file systems have no fixed number of inodes and say 0.
    if (free_inodes && *free_inodes > 0 && *free_inodes < least_inodes) return "no inodes left for " + root;
    return {};
}

std::string job_place_name(std::string_view host, std::uint16_t port, std::string_view user) {
    return record_name("jobs", {std::string(host), std::to_string(port), std::string(user)});
}

}  // namespace vmc::model
