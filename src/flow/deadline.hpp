// SPDX-License-Identifier: Apache-2.0
// The only way to limit a wait. Deadlines are absolute and handed down: a child's is never
// later than its parent's.
#pragma once

#include <optional>
#include <utility>

#include <vm_connection/error.hpp>

#include "port/clock.hpp"

namespace vmc::flow {

/// True when `op` finished; false when the deadline came first, then `op` has been cancelled and
/// unwound. An `op` that finishes in the same moment counts as finished: what it took is not lost.
Async<bool> finishes(port::Clock& clock, Instant deadline, Async<void> op);

/// Runs `op` and keeps what it returns. `into` outlives the wait.
template <class T>
Async<void> keep(Async<T> op, std::optional<T>& into) {
    into.emplace(co_await std::move(op));
}

/// For operations that cannot fail: what they return, or nothing when the deadline comes first.
template <class T>
Async<std::optional<T>> until(port::Clock& clock, Instant deadline, Async<T> op) {
    std::optional<T> value;
    auto kept = keep(std::move(op), value);
    co_await finishes(clock, deadline, std::move(kept));
    co_return value;
}

/// What `op` returns, or `late` when the deadline comes first.
template <class T>
Async<Result<T>> with_deadline(port::Clock& clock, Instant deadline, Error late, Async<Result<T>> op) {
    auto result = co_await until(clock, deadline, std::move(op));
    if (result) co_return std::move(*result);
    co_return std::unexpected(std::move(late));
}

}  // namespace vmc::flow
