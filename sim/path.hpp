// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <string_view>

#include "sim/nature.hpp"
#include "sim/packet.hpp"

namespace vmc::sim {

/// Where we are. From TEST-NET-2 of RFC 5737, as the machines are from TEST-NET-1.
inline constexpr std::string_view our_address = "198.51.100.1";

/// Seen from us: `out` leads to the VM, `in` comes back.
enum class Way { out, in };

/// The way between us and one machine. Packets are lost at their arrival, so what is on the
/// wire when a cut begins is lost too.
class Path {
public:
    explicit Path(Nature& nature) : nature_(nature) {}
    Path(const Path&) = delete;

    // Set freely, also while packets are on their way.
    Duration latency = std::chrono::milliseconds(1);  ///< one way
    std::uint64_t bytes_per_second = 125'000'000;     ///< each way
    double loss = 0;                                  ///< probability for each packet
    bool deaf = false;     ///< the machine is off or paused: it neither hears nor speaks
    bool local = false;    ///< on our own network: nobody answers ARP for a machine that is off or cut off
    bool unroutable = false;  ///< a router half way has no route: nothing passes, and SYN is answered by ICMP
    Sieve sieve;

    void begin_drop(Way way) { ++drops_[index(way)]; }
    void end_drop(Way way) { --drops_[index(way)]; }
    /// After this many more bytes, both ways together, `cut` is called; that packet and what follows is up to it.
    void cut_after(std::uint64_t bytes, std::function<void()> cut) {
        budget_ = bytes;
        cut_ = std::move(cut);
    }

    /// A NAT on the way loses its table: connections that were dialled before it are nobody's any more.
    /// `resets`: what we say on them is answered by RST (the VM's kernel sees an unknown sender), else by silence.
    void forget_flows(bool resets) {
        ++nat_table_;
        resets_forgotten_ = resets;
    }
    [[nodiscard]] int nat_table() const noexcept { return nat_table_; }
    [[nodiscard]] bool resets_forgotten() const noexcept { return resets_forgotten_; }

    [[nodiscard]] bool open(Way way) const { return drops_[index(way)] == 0; }
    [[nodiscard]] bool passes(Way way) const { return open(way) && !deaf && !unroutable; }
    /// Lets `arrive` happen at the other end, or never.
    void carry(Way way, const Packet& packet, std::move_only_function<void()> arrive);

    [[nodiscard]] std::uint64_t carried() const noexcept { return carried_; }
    [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_; }

private:
    static constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();
    static std::size_t index(Way way) { return way == Way::out ? 0 : 1; }
    void spend(std::size_t bytes);

    Nature& nature_;
    std::array<int, 2> drops_{};
    std::array<Instant, 2> busy_until_{};
    std::uint64_t budget_ = unlimited;
    std::function<void()> cut_;
    int nat_table_ = 0;
    bool resets_forgotten_ = false;
    std::uint64_t carried_ = 0;
    std::uint64_t dropped_ = 0;
};

}  // namespace vmc::sim
