// SPDX-License-Identifier: Apache-2.0
#include "edge/os/bell.hpp"

#include <utility>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

#include "base/ensure.hpp"

namespace vmc::edge {

namespace asio = boost::asio;

/// What a cancellation does to a wait: it ends it, and the waiter sees for itself why.
struct Bell::Release {
    explicit Release(Bell* b) : bell(b) {}
    void operator()(asio::cancellation_type) const { bell->ring(); }
    Bell* bell;
};

/// Starts a wait: keeps the handler, and lets go of it on cancellation.
struct Bell::Cord {
    explicit Cord(Bell* b) : bell(b) {}
    void operator()(Waiter waiter) const {
        ensure(!bell->waiter_, "a bell has one waiter");
        auto slot = asio::get_associated_cancellation_slot(waiter);
        if (slot.is_connected()) slot.template emplace<Release>(bell);
        bell->waiter_.emplace(std::move(waiter));
    }
    Bell* bell;
};

Async<void> Bell::wait() {
    const Cord cord(this);
    auto rung = asio::async_initiate<const asio::use_awaitable_t<>, void()>(cord, asio::use_awaitable);
    co_await std::move(rung);
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none)
        throw boost::system::system_error(asio::error::operation_aborted);
}

Bell::Waiter Bell::take() {
    Waiter waiter = std::move(*waiter_);
    waiter_.reset();
    // Left in place, it would be called on a bell that may be gone by then.
    auto slot = asio::get_associated_cancellation_slot(waiter);
    if (slot.is_connected()) slot.clear();
    return waiter;
}

void Bell::ring() {
    if (waiter_) asio::post(executor_, take());
}

void Bell::ring_now() {
    if (waiter_) take()();
}

}  // namespace vmc::edge
