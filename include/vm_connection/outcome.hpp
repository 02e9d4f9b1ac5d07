// SPDX-License-Identifier: Apache-2.0
// How a command ended. A sum type: what is not known cannot be read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include <vm_connection/error.hpp>
#include <vm_connection/export.hpp>

namespace vmc VMC_API {

/// Three-valued truth, for what the network does not let us know.
enum class Known { no, unknown, yes };
[[nodiscard]] std::string_view slug(Known known) noexcept;  ///< "no", "unknown", "yes"

/// The command ran and ended by itself. `output_open`: a child it left behind still held the
/// output open when we stopped listening (2 s without a byte after the exit status).
struct Exited {
    int code = 0;
    bool output_open = false;
};
/// A signal ended it; the name as RFC 4254 §6.10 has it, without "SIG".
struct Signalled {
    std::string name;
    bool core_dumped = false;
};
/// Its time was up. `killed` says whether the process group is known to be gone.
struct TimedOut {
    Known killed = Known::unknown;
    Duration limit{};
};
/// The link ended before the command did, or said nothing of how it ended. Never sent again by us.
struct Lost {
    Known may_have_run = Known::unknown;
    Error why;
};
/// It never started, and `why` tells at which stage and for what reason.
struct Refused {
    Error why;
};

class Outcome {
public:
    using Ending = std::variant<Exited, Signalled, TimedOut, Lost, Refused>;

    explicit Outcome(Ending ending) : ending_(std::move(ending)) {}

    [[nodiscard]] const Ending& ending() const noexcept { return ending_; }
    template <class T>
    [[nodiscard]] const T* as() const noexcept {
        return std::get_if<T>(&ending_);
    }

    [[nodiscard]] bool ok() const noexcept;  ///< exited with 0
    /// "exited", "signalled", "timed_out", "lost" or "refused": stable, for JSON.
    [[nodiscard]] std::string_view slug() const noexcept;
    /// no: it provably never ran; yes: it ran (it said something, or its connection did a second after sshd had
    /// granted it); unknown: the network does not let us know.
    [[nodiscard]] Known may_have_run() const noexcept;
    [[nodiscard]] std::optional<int> exit_code() const noexcept;
    [[nodiscard]] std::optional<std::string> signal() const;
    /// The failure behind `lost` and `refused`, else nullptr.
    [[nodiscard]] const Error* why() const noexcept;
    /// One line for people.
    [[nodiscard]] std::string line() const;

    // Counted while it ran; zero and empty where nothing was seen.
    std::uint64_t stdout_bytes = 0;
    std::uint64_t stderr_bytes = 0;
    int reconnects = 0;    ///< how often the link was suspected or replaced meanwhile
    Duration took{};
    std::string boot_id;   ///< of the kernel it ran on; empty when not read

private:
    Ending ending_;
};

}  // namespace vmc VMC_API
