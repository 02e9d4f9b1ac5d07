// SPDX-License-Identifier: Apache-2.0
// The only way to limit a wait. Deadlines are absolute and handed down: a child's is never
// later than its parent's.
#pragma once

#include <algorithm>
#include <optional>
#include <utility>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <vm_connection/error.hpp>

#include "port/clock.hpp"

namespace vmc::flow {

/// `op`, or `late` when the deadline comes first. The loser is cancelled and unwound before
/// this returns. `op` returns its failures as values: a thrown one would wait for the timer.
template <class T>
Async<Result<T>> with_deadline(port::Clock& clock, Instant deadline, Error late, Async<Result<T>> op) {
    if (deadline >= never) co_return co_await std::move(op);
    using namespace boost::asio::experimental::awaitable_operators;
    auto race = std::move(op) || clock.sleep_until(deadline);
    auto first = co_await std::move(race);
    if (first.index() == 0) co_return std::get<0>(std::move(first));
    co_return std::unexpected(std::move(late));
}

/// For operations that cannot fail: what they return, or nothing when the deadline comes first.
template <class T>
Async<std::optional<T>> until(port::Clock& clock, Instant deadline, Async<T> op) {
    using namespace boost::asio::experimental::awaitable_operators;
    auto race = std::move(op) || clock.sleep_until(deadline);
    auto first = co_await std::move(race);
    if (first.index() == 0) co_return std::optional<T>(std::get<0>(std::move(first)));
    co_return std::nullopt;
}

/// True when `op` finished before the deadline.
inline Async<bool> finishes(port::Clock& clock, Instant deadline, Async<void> op) {
    using namespace boost::asio::experimental::awaitable_operators;
    auto race = std::move(op) || clock.sleep_until(deadline);
    auto first = co_await std::move(race);
    co_return first.index() == 0;
}

}  // namespace vmc::flow
