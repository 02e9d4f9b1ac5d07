// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <string_view>

#include <vm_connection/error.hpp>
#include <vm_connection/notice.hpp>

namespace vmc::cli {

enum class Loudness { quiet, normal, verbose };

/// What is said beside the data: one line each on stderr, "vmc: HOST: …". From any thread; never blocks.
class Console {
public:
    explicit Console(std::string host, Loudness loudness) : host_(std::move(host)), loudness_(loudness) {}

    /// Failures are said also when quiet.
    void fail(std::string_view line) const;
    void say(std::string_view line) const;
    /// While a host is being reached for the first time its failure is the verb's to tell, once.
    void hear(const Notice& notice);
    [[nodiscard]] Loudness loudness() const { return loudness_; }
    /// Why the last attempt to connect failed; empty while online.
    [[nodiscard]] std::string last_reason() const;
    [[nodiscard]] bool was_online() const { return was_online_.load(); }

private:
    [[nodiscard]] bool is_worth_telling(Notice::Kind kind) const;
    std::string host_;
    Loudness loudness_;
    std::atomic<bool> was_online_{false};
    mutable std::mutex mutex_;  // protects last_reason_, written on the loop's thread
    std::string last_reason_;   // why it waits
};

/// Foreign text made fit for one line of a terminal.
[[nodiscard]] std::string one_line(std::string_view text);

/// Words that do not fit into `width` columns go below, beginning at `column`; 0 columns: as it is.
[[nodiscard]] std::string wrapped(const std::string& text, std::size_t column, std::size_t width);

/// One line on stderr: "vmc: " and `text`, with control characters made visible.
void tell(std::string_view text);
/// The error as one line, with what the peer said where the message does not have it already.
[[nodiscard]] std::string line_of(const Error& error);

}  // namespace vmc::cli
