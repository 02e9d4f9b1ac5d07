// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include <boost/asio/any_io_executor.hpp>

#include "port/async.hpp"

namespace vmc::link {

/// How many handshakes are under way at each door: a VM's sshd, or the bastion before it. One for
/// all links of a loop, so that together they ask no more of an sshd than one polite visitor.
/// First come, first served. On the loop's thread; passes and those who wait may outlive it.
class Doors {
    struct Street;

public:
    /// A place inside, given back at the end of its life.
    class Pass {
    public:
        Pass(std::shared_ptr<Street> street, std::string door) : street_(std::move(street)), door_(std::move(door)) {}
        Pass(Pass&&) noexcept = default;
        Pass& operator=(Pass&&) = delete;
        ~Pass();

    private:
        std::shared_ptr<Street> street_;  // empty when moved from
        std::string door_;
    };

    explicit Doors(boost::asio::any_io_executor executor);

    /// Returns when fewer than `limit` are inside and all who came earlier are through.
    Async<Pass> enter(std::string door, std::size_t limit);

    [[nodiscard]] std::size_t inside(const std::string& door) const;

private:
    class Queued;
    std::shared_ptr<Street> street_;
};

}  // namespace vmc::link
