// SPDX-License-Identifier: Apache-2.0
#include "edge/os/tcp_reading.hpp"

#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace vmc::edge {

namespace {

/// glibc's tcp_info stops after total_retrans; what follows in the kernel's (linux/tcp.h, which
/// cannot be included beside glibc's) as far as we read it.
struct LongerTcpInfo {
    tcp_info known;
    std::uint64_t pacing_rate, max_pacing_rate, bytes_acked, bytes_received;
    std::uint32_t segs_out, segs_in;
};
static_assert(sizeof(tcp_info) == 104 && sizeof(LongerTcpInfo) == 144, "the layout of linux/tcp.h");

}  // namespace

std::optional<std::uint32_t> segments_received(int fd) {
    LongerTcpInfo info{};
    socklen_t length = sizeof info;
    if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0 || length < sizeof info) return std::nullopt;
    return info.segs_in;
}

std::uint64_t unacknowledged_bytes(int fd) {
    int bytes = 0;
    if (::ioctl(fd, SIOCOUTQ, &bytes) != 0 || bytes < 0) return 0;
    return static_cast<std::uint64_t>(bytes);
}

std::optional<port::TcpReading> read_tcp(int fd) {
    LongerTcpInfo longer{};
    const tcp_info& info = longer.known;
    socklen_t length = sizeof longer;
    if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &longer, &length) != 0) return std::nullopt;
    port::TcpReading reading;
    reading.segments_resent = info.tcpi_total_retrans;
    if (length >= sizeof longer) reading.segments_sent = longer.segs_out;
    reading.unacked = info.tcpi_unacked;
    reading.retransmits = info.tcpi_retransmits;
    reading.backoff = info.tcpi_backoff;
    reading.outstanding_bytes = unacknowledged_bytes(fd);
    int unsent = 0;
    if (::ioctl(fd, SIOCOUTQNSD, &unsent) == 0 && unsent > 0) reading.unsent_bytes = static_cast<std::uint64_t>(unsent);
    reading.since_data_received = std::chrono::milliseconds(info.tcpi_last_data_recv);
    reading.since_ack_received = std::chrono::milliseconds(info.tcpi_last_ack_recv);
    reading.round_trip = std::chrono::microseconds(info.tcpi_rtt);
    return reading;
}

}  // namespace vmc::edge
