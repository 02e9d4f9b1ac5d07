// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "app/cli/contact.hpp"

namespace vmc::cli {

/// What a person is told while nothing is heard of a VM: for how long, and what a look at it finds, after 5 s and
/// then more and more seldom. On the main thread.
class Lookout {
public:
    explicit Lookout(Contact& contact) : contact_(contact) {}
    ~Lookout() { stop(); }
    Lookout(const Lookout&) = delete;

    /// To be called now and then, as often as until() says. The next word when it is due, without a full stop.
    [[nodiscard]] std::optional<std::string> word();
    /// When word() has something to do, as far as is known now.
    [[nodiscard]] Instant until() const;
    [[nodiscard]] bool away() const { return away_since_.has_value(); }
    /// A VM that is away for 10 s is brought back, as far as the policy goes.
    void recover(RecoveryPolicy policy) { policy_ = policy; }
    /// It was tried, and no step is left: nobody has to wait any longer.
    [[nodiscard]] bool gave_up() const { return gave_up_; }
    /// Ends a look that is going on: before the VM is closed.
    void stop();
    /// How often it came back.
    [[nodiscard]] int losses() const { return losses_; }

private:
    void came_back();
    void look();
    [[nodiscard]] std::string found();
    void bring_back();

    Contact& contact_;
    std::optional<Instant> away_since_;
    Instant look_at_ = never;
    Instant say_next_ = never;
    Duration pause_{};  // before the next word but the first
    int losses_ = 0;
    std::optional<Task<Diagnosis>> looking_;
    std::optional<RecoveryPolicy> policy_;
    std::optional<Task<Recovery>> recovering_;
    bool gave_up_ = false;
};

/// One look at a VM that was just lost; nothing when it is not over within 10 s, or somebody interrupts us.
[[nodiscard]] std::optional<Diagnosis> last_look(Contact& contact, Instant deadline);

}  // namespace vmc::cli
