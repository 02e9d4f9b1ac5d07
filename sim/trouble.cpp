// SPDX-License-Identifier: Apache-2.0
#include "sim/trouble.hpp"

namespace vmc::sim {

std::string_view words(Trouble trouble) noexcept {
    switch (trouble) {
        case Trouble::drop_out: return "nothing of ours arrives";
        case Trouble::drop_in: return "nothing of its arrives here";
        case Trouble::drop_new: return "new connections are swallowed";
        case Trouble::reject_new: return "new connections are rejected by ICMP";
        case Trouble::port_swallowed: return "the ssh port is swallowed";
        case Trouble::port_refused: return "new connections to the ssh port are answered with RST";
        case Trouble::tcp_swallowed: return "TCP swallowed";
        case Trouble::big_packets_lost: return "packets above 1400 bytes vanish";
        case Trouble::no_route: return "a router knows no way there";
        case Trouble::no_icmp: return "ICMP swallowed";
        case Trouble::forwarder_down: return "forwarder down";
        case Trouble::forwarder_mute: return "its forwarder passes nothing on";
        case Trouble::sshd_stopped: return "sshd stopped";
        case Trouble::sshd_frozen: return "sshd frozen";
        case Trouble::throttled: return "sshd throttled";
        case Trouble::booting_message: return "system says it is booting up";
        case Trouble::shutdown_message: return "system says it is going down";
        case Trouble::login_denied: return "logins denied";
        case Trouble::paused: return "paused";
        case Trouble::userspace_frozen: return "user space frozen";
        case Trouble::fork_fails: return "fork fails";
        case Trouble::processes_scarce: return "few processes left";
        case Trouble::shell_fork_fails: return "the shell's fork fails";
        case Trouble::exec_hangs: return "commands never start";
        case Trouble::disk_hung: return "disk hung";
        case Trouble::disk_full: return "disk full";
        case Trouble::inodes_full: return "no inodes left";
        case Trouble::root_read_only: return "root is read-only";
        case Trouble::memory_exhausted: return "memory exhausted";
        case Trouble::kernel_oops: return "kernel oops";
    }
    return "";
}

}  // namespace vmc::sim
