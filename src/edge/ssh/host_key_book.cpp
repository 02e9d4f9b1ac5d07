// SPDX-License-Identifier: Apache-2.0
#include "edge/ssh/host_key_book.hpp"

namespace vmc::edge {

HostKeyBook::HostKeyBook(OffLoop& helpers, std::string ours, std::vector<std::string> read_only)
    : helpers_(helpers), ours_(std::move(ours)), read_only_(std::move(read_only)) {}

Async<Result<HostKeyHint>> HostKeyBook::hint(const Target&, Instant) {
    co_return HostKeyHint();
}

Async<Result<bool>> HostKeyBook::check(const Target& target, HostKey key, Instant) {
    if (target.host_keys() == HostKeyPolicy::pinned && key.fingerprint != target.pin())
        co_return failed(Code::host_key_changed, Stage::host_key, "pinned");
    seen_[target.host()] = key;
    co_return true;
}

}  // namespace vmc::edge
