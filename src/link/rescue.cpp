// SPDX-License-Identifier: Apache-2.0
// A shell that was started while the VM still could start one: builtins need no process table.
#include <algorithm>

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "flow/deadline.hpp"
#include "link/link.hpp"
#include "model/rung_script.hpp"
#include "model/script.hpp"

namespace vmc::link {

namespace {

constexpr Duration shell_within = std::chrono::seconds(10);
constexpr Duration another_after = std::chrono::seconds(30);

/// The shell's place among the commands, and what depends on it.
class RescuePlace {
public:
    explicit RescuePlace(std::shared_ptr<Wire> wire)
        : wire_(std::move(wire)), place_(wire_, reinterpret_cast<std::uintptr_t>(this)) {
        wire_->rescue_place = true;
    }
    ~RescuePlace() { wire_->rescue_place = wire_->rescue_ready = false; }
    RescuePlace(const RescuePlace&) = delete;
    RescuePlace& operator=(const RescuePlace&) = delete;

private:
    std::shared_ptr<Wire> wire_;
    Place place_;
};

/// Nothing more is said there.
bool is_end(const Result<port::ChannelEvent>& event) {
    return !event || std::holds_alternative<port::ChannelClosed>(*event);
}

}  // namespace

/// As long as the wire lives: another one when it was used, or a while after it could not be had.
Async<void> Link::keep_rescue(std::shared_ptr<Wire> wire) {
    while (!wire->ended && !wire->rescue_unwanted) {
        while (wire->held > 0 && !wire->ended) co_await wire->changed.wait();  // commands are being counted
        const bool made = co_await keep_one_rescue(wire);
        const Instant again = ports_.clock.now() + (made ? Duration{} : another_after);
        while (!wire->ended && ports_.clock.now() < again)
            co_await flow::finishes(ports_.clock, again, wire->changed.wait());
    }
}

/// False where it could not be started.
Async<bool> Link::keep_one_rescue(std::shared_ptr<Wire> wire) {
    const RescuePlace place(wire);
    auto channel = co_await wire->session->exec(std::string(model::script_command), std::nullopt,
                                                ports_.clock.now() + shell_within, nullptr);
    if (!channel) co_return false;
    auto told = co_await (*channel)->write(std::string(model::rescue_preamble));
    if (!told) co_return false;
    wire->rescue_ready = true;
    drop_idle_wires();
    co_await attend_rescue(**channel, wire);
    co_return true;
}

/// Until it is used, ends by itself or is not wanted any more.
Async<void> Link::attend_rescue(port::Channel& channel, const std::shared_ptr<Wire>& wire) {
    using namespace boost::asio::experimental::awaitable_operators;
    while (!wire->ended && !wire->rescue_order && !wire->rescue_unwanted) {
        auto race = channel.next() || wire->changed.wait();
        auto first = co_await std::move(race);
        if (first.index() == 0 && is_end(std::get<0>(first))) break;
    }
    wire->rescue_ready = false;
    const auto order = wire->rescue_order;
    if (!order) co_return;
    Error late(Code::timed_out, Stage::command, "the shell that was kept ready did not answer in time");
    auto conversation = converse(channel, order->script, short_answer);
    order->answer =
        co_await flow::with_deadline(ports_.clock, order->deadline, std::move(late), std::move(conversation));
    const bool unfinished = !*order->answer;
    order->done.notify();
    // While it may still run it keeps its place: or others would be counted wrongly.
    for (bool over = !unfinished; !over && !wire->ended;) {
        auto event = co_await channel.next();
        over = is_end(event);
    }
    wire->rescue_order.reset();
}

std::shared_ptr<Wire> Link::rescue_wire() const {
    if (current_ && current_->rescue_ready) return current_;
    const auto found = std::ranges::find_if(wires_, [](const auto& wire) { return wire->rescue_ready; });
    return found == wires_.end() ? nullptr : *found;
}

Async<Result<std::string>> Link::ask_rescue(std::string script, Instant deadline) {
    const auto wire = rescue_wire();
    if (!wire) co_return failed(Code::channel_refused, Stage::command, "no shell is kept ready on the VM");
    const auto order = std::make_shared<RescueOrder>(std::move(script), deadline, ports_.executor);
    wire->rescue_order = order;
    wire->rescue_ready = false;
    wire->changed.notify();
    while (!order->answer && !wire->ended) co_await order->done.wait();
    if (!order->answer) co_return failed(Code::lost, Stage::command, "the connection ended");
    co_return std::move(*order->answer);
}

}  // namespace vmc::link
