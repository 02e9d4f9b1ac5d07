// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "app/cli/bell.hpp"

namespace vmc::cli {

/// One of our own output streams, written by a thread of its own: a reader that has stopped
/// reading holds up that thread and nobody else. Nothing is dropped, and nothing piles up: past
/// the high water put() says so. The thread is left behind when the process ends.
class Outlet {
public:
    /// What the VM may be ahead of our reader; DESIGN's bound for one channel.
    static constexpr std::size_t high_water = 1U << 20U;
    /// Turns bytes as they came into bytes as they are to be seen; on the writing thread.
    using Shape = std::function<std::string(std::string_view)>;

    /// `bell` is rung when everything has been written, and when writing has become impossible.
    Outlet(int fd, const Bell& bell);

    /// Before the first put().
    void shape(Shape how);
    void when_room(std::function<void()> call);
    /// Takes all of it. False: past the high water; put no more until `when_room` is called, on
    /// the writing thread.
    bool put(std::string_view bytes);

    /// A line of our own under what has been written, on a terminal; as it is, not shaped. The next bytes take
    /// its place; it is not shown in the middle of a line. Empty: taken away.
    void status(std::string line);

    /// Everything has been handed to the kernel, or never will be.
    [[nodiscard]] bool settled() const;
    /// The reader has gone, or the disk is full; what is put is thrown away.
    [[nodiscard]] bool broken() const;
    [[nodiscard]] int why_broken() const;  ///< errno
    [[nodiscard]] std::size_t waiting() const;
    /// Waits until settled() or the deadline, not longer than `interrupted` allows.
    bool settle(const std::function<bool()>& interrupted, Instant deadline) const;
    /// Waits until settled(), or until the reader has taken nothing for `standstill`.
    bool settle_while_moving(Duration standstill) const;

private:
    struct Shared;
    static int write_all(Shared& shared, std::string_view bytes);
    static int write_batch(Shared& shared, const std::string& batch);
    static int write_status(Shared& shared, const std::string& line);
    void wake();
    static void write_on(std::shared_ptr<Shared> shared);
    std::shared_ptr<Shared> shared_;
};

}  // namespace vmc::cli
