// SPDX-License-Identifier: Apache-2.0
// What was asked of each layer of a VM, what it answered, and what we make of it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <vm_connection/export.hpp>
#include <vm_connection/time.hpp>

namespace vmc VMC_API {

enum class Level { basic, medium, thorough };
[[nodiscard]] std::optional<Level> parse_level(std::string_view text) noexcept;
[[nodiscard]] std::string_view slug(Level level) noexcept;

/// Nested: each stands on the one before it. `icmp` and `closed_port` stand beside; `elsewhere` is no layer of the VM:
/// other hosts, to tell our own network from its, and its power switch.
enum class Layer { route, icmp, tcp, closed_port, banner, authentication, exec, system, storage, elsewhere };
[[nodiscard]] std::string_view slug(Layer layer) noexcept;

/// Unknown is an answer of its own and weighs nothing.
enum class Answer { works, fails, unknown };
[[nodiscard]] std::string_view slug(Answer answer) noexcept;

/// One question to one layer, answered.
struct Evidence {
    Layer layer = Layer::route;
    std::string check;   ///< stable name: "icmp-echo", "tcp-connect", "disk-space", …
    Answer answer = Answer::unknown;
    std::string detail;  ///< for people: "94 % of 20 GB used on /"
    Duration took{};
};

/// Stable slugs: "healthy", "degraded", "unreachable", "throttled", "off", "crashed", "unknown".
enum class Verdict { healthy, degraded, unreachable, throttled, off, crashed, unknown };
[[nodiscard]] std::string_view slug(Verdict verdict) noexcept;

/// The answer to "is it alive?".
struct Health {
    Level level = Level::medium;
    Verdict verdict = Verdict::unknown;
    bool claim = false;        ///< positive evidence stands behind the verdict
    bool alive = false;        ///< the founding rule: os signs at >= 0.60, or SSH at >= 0.70
    double confidence = 0.0;   ///< probability that the operating system is alive, 0…1
    bool ssh_available = false;
    bool network_reachable = false;
    bool os_signs = false;     ///< something only a running operating system could have answered
    Answer ping = Answer::unknown;
    std::string port_behavior; ///< "open", "refused", "filtered", "unreachable" or "unknown"
    Answer tcp_stack = Answer::unknown;
    std::optional<Duration> response_time;  ///< of the deepest probe that worked
    std::string cause;         ///< stable slug: "none", "sshd-down", "path-dead", … or "unknown"
    std::vector<Evidence> evidence;

    [[nodiscard]] int passed() const noexcept;
    [[nodiscard]] int failed() const noexcept;
};

}  // namespace vmc VMC_API
