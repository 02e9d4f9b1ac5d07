// SPDX-License-Identifier: Apache-2.0
#include "app/cli/records.hpp"

#include <vm_connection/loop.hpp>

#include "edge/store/file_store.hpp"
#include "model/boot_text.hpp"

namespace vmc::cli {

Expected<std::optional<BootRecord>> recorded_boot(const std::string& host) {
    edge::FileStore store(default_state_directory());
    const auto text = store.read(model::boot_record_name(host));
    if (!text) return our_failure("state: " + text.error().line());
    if (!*text) return std::nullopt;
    // A record that cannot be read is none: a new `boot record` mends it.
    return model::parse_boot_text(**text);
}

Expected<void> record_boot(const std::string& host, const BootRecord& boot) {
    edge::FileStore store(default_state_directory());
    auto kept = store.write(model::boot_record_name(host), model::boot_text(boot));
    if (!kept) return our_failure("state: " + kept.error().line());
    return {};
}

}  // namespace vmc::cli
