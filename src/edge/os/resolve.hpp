// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <vector>

#include <vm_connection/error.hpp>

#include "edge/os/off_loop.hpp"

namespace vmc::edge {

/// A numeric address and port, ready for connect(2).
class Endpoint {
public:
    Endpoint(const sockaddr* address, socklen_t length, std::uint16_t port);

    [[nodiscard]] const sockaddr* raw() const noexcept { return reinterpret_cast<const sockaddr*>(&storage_); }
    [[nodiscard]] socklen_t length() const noexcept { return length_; }
    [[nodiscard]] int family() const noexcept { return storage_.ss_family; }
    [[nodiscard]] std::string address() const;  ///< "192.0.2.7", "fe80::1%eth0"
    [[nodiscard]] std::uint16_t port() const;

    /// Of this end or the other end of a connected socket; nothing for a socket without addresses.
    [[nodiscard]] static std::optional<Endpoint> local_of(int fd);
    [[nodiscard]] static std::optional<Endpoint> peer_of(int fd);

private:
    sockaddr_storage storage_{};
    socklen_t length_ = 0;
};

/// Name to addresses in the order to try them (RFC 8305 §4: the resolver's order, families
/// taking turns, IPv6 first). Numeric addresses come back at once; names are looked up off the
/// loop, and a look-up that outlives `deadline` is abandoned and its answer dropped.
Async<Result<std::vector<Endpoint>>> resolve(OffLoop& helpers, std::string host, std::uint16_t port, Instant deadline);

}  // namespace vmc::edge
