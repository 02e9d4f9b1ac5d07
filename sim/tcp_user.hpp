// SPDX-License-Identifier: Apache-2.0
// Who stands at the ends of a TCP connection.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "sim/message.hpp"

namespace vmc::sim {

class TcpConnection;

enum class Ending {
    fin,           ///< the other side has said everything
    reset,         ///< RST
    timed_out,     ///< nothing was acknowledged for about 15 minutes, or no answer to SYN for 127 s
    refused,       ///< RST to our SYN
    rejected,      ///< ICMP administratively prohibited, or unreachable
    no_neighbour,  ///< nobody answered ARP
};
[[nodiscard]] std::string_view words(Ending ending) noexcept;  ///< as strerror() has them

/// The program that owns an end. Called by the kernel; may send, hold or abort from inside.
class TcpUser {
public:
    virtual ~TcpUser() = default;
    virtual void connected() {}
    virtual void received(const Message& message) = 0;
    virtual void ended(Ending ending) = 0;
    virtual void room() {}  ///< queued() has shrunk
};

/// What a machine's kernel does with those who knock.
class Machine {
public:
    virtual ~Machine() = default;
    enum class SynAnswer { accept, refuse, ignore, reject };
    virtual SynAnswer syn(std::uint16_t port) = 0;
    virtual void accepted(std::shared_ptr<TcpConnection> connection) = 0;
};

}  // namespace vmc::sim
