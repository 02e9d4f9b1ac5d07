// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include <boost/asio/any_io_executor.hpp>
#include <vm_connection/time.hpp>

#include "edge/os/fd.hpp"
#include "port/async.hpp"

namespace vmc::edge {

/// A socket, a pipe, a pidfd or an inotify instance, and the wait for something to read from it. Closes it at the end.
/// One waiter at a time, on the loop's thread.
class Readable {
public:
    /// Of a descriptor that no loop can wait for, such as a regular file's, every wait ends at its deadline.
    Readable(const boost::asio::any_io_executor& loop, Fd fd);
    ~Readable();
    Readable(const Readable&) = delete;
    Readable& operator=(const Readable&) = delete;

    [[nodiscard]] int fd() const noexcept { return fd_; }
    /// True: it can be read, has ended or failed, or another waiter took what there was. False: `until` came first.
    Async<bool> wait(Instant until = never);

private:
    struct State;
    std::shared_ptr<State> state_;
    int fd_;
};

}  // namespace vmc::edge
