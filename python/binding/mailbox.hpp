// SPDX-License-Identifier: Apache-2.0
// How the library's thread tells Python that something happened, without touching Python: it never
// takes the GIL, holds no Python reference, and so cannot be caught out by an interpreter that ends.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace vmc::python {

/// Tickets of calls that have news, and an eventfd that is readable while there are any. Any thread.
class Mailbox {
public:
    Mailbox();
    ~Mailbox();
    Mailbox(const Mailbox&) = delete;
    Mailbox& operator=(const Mailbox&) = delete;

    [[nodiscard]] int fileno() const noexcept { return fd_; }
    void post(std::uint64_t ticket);
    [[nodiscard]] std::vector<std::uint64_t> drain();

private:
    int fd_;
    std::mutex mutex_;
    std::vector<std::uint64_t> tickets_;
};

/// One call's way to leave word. Many words are one ticket until Python has looked.
class Slot {
public:
    Slot(std::shared_ptr<Mailbox> box, std::uint64_t ticket) : box_(std::move(box)), ticket_(ticket) {}
    /// After the news is in place; on any thread.
    void leave_word() {
        if (!told_.exchange(true)) box_->post(ticket_);
    }
    /// Before looking whether there is news.
    void looking() { told_ = false; }

private:
    std::shared_ptr<Mailbox> box_;
    std::uint64_t ticket_;
    std::atomic<bool> told_ = false;
};

[[nodiscard]] inline std::shared_ptr<Slot> slot_of(std::shared_ptr<Mailbox> box, std::uint64_t ticket) {
    return std::make_shared<Slot>(std::move(box), ticket);
}

}  // namespace vmc::python
