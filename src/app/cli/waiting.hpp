// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <optional>
#include <string>

#include "app/cli/contact.hpp"
#include "model/backoff.hpp"

namespace vmc::cli {

/// Waits for something about a host, politely and never beyond its deadline. Each wait returns what
/// to print when it has come true. Everything else unwinds as GaveUp: time is up, somebody
/// interrupts us, or waiting makes no sense (a changed key, a key file that is not there).
class Waiting {
public:
    struct GaveUp {
        Failure why;
    };

    Waiting(Contact& contact, Instant deadline, bool first_boot);
    ~Waiting();

    [[nodiscard]] std::string up();
    [[nodiscard]] std::string down();
    [[nodiscard]] std::string reboot();
    [[nodiscard]] std::string until(const Command& command);
    /// The last that was read, where one was.
    [[nodiscard]] const std::optional<std::string>& boot_id() const { return boot_id_; }

private:
    template <class T>
    [[nodiscard]] T in_time(Task<T> task);
    /// Returns when the link is online.
    void reach();
    /// One attempt; nothing when it leads to nobody, and that is what came of it.
    [[nodiscard]] std::optional<Error> reach_once();
    [[nodiscard]] BootRecord read_boot();
    [[nodiscard]] BootRecord boot_before();
    void pause(Duration span);
    /// Also returns when something happened to the link.
    void pause_or_news(Duration span);
    [[nodiscard]] Duration pause_after(const Error& error);
    void not_yet(const std::string& why);
    [[nodiscard]] bool online() const;
    [[nodiscard]] std::optional<std::string> silent_port();

    Contact& contact_;
    const Instant begun_;
    const Instant deadline_;
    const Duration denied_pause_;
    model::Backoff backoff_;
    std::atomic<bool> news_{false};
    std::optional<std::string> boot_id_;
    std::string seen_last_;  ///< what stood in the way, for people
};

}  // namespace vmc::cli
