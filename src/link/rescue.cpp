// SPDX-License-Identifier: Apache-2.0
// A shell that was started while the VM still could start one: builtins need no process table.
#include <algorithm>

#include "flow/deadline.hpp"
#include "link/link.hpp"
#include "model/rung_script.hpp"
#include "model/script.hpp"

namespace vmc::link {

namespace {

constexpr Duration shell_within = std::chrono::seconds(10);

}  // namespace

/// As long as the wire lives: it waits in the shell's place among the commands, and makes another when it was used.
Async<void> Link::keep_rescue(std::shared_ptr<Wire> wire) {
    while (!wire->ended) {
        const Place place(wire, reinterpret_cast<std::uintptr_t>(&wire));
        wire->rescue_place = true;
        auto channel = co_await wire->session->exec(std::string(model::script_command), std::nullopt,
                                                    ports_.clock.now() + shell_within, nullptr);
        bool made = channel.has_value();
        if (made) {
            auto told = co_await (*channel)->write(std::string(model::rescue_preamble));
            made = told.has_value();
        }
        if (made) wire->rescue = std::move(*channel);
        while (made && !wire->ended && (wire->rescue || wire->rescue_in_use)) co_await wire->changed.wait();
        wire->rescue.reset();
        wire->rescue_place = false;
        if (!made) co_return;
    }
}

std::shared_ptr<Wire> Link::rescue_wire() const {
    if (current_ && current_->rescue) return current_;
    const auto found = std::ranges::find_if(wires_, [](const auto& wire) { return wire->rescue != nullptr; });
    return found == wires_.end() ? nullptr : *found;
}

Async<Result<std::string>> Link::ask_rescue(std::string script, Instant deadline) {
    const auto wire = rescue_wire();
    if (!wire) co_return failed(Code::channel_refused, Stage::command, "no shell is kept ready on the VM");
    const auto channel = std::move(wire->rescue);
    wire->rescue_in_use = true;
    Error late(Code::timed_out, Stage::command, "the shell that was kept ready did not answer in time");
    auto conversation = converse(*channel, std::move(script), short_answer);
    auto answer = co_await flow::with_deadline(ports_.clock, deadline, std::move(late), std::move(conversation));
    wire->rescue_in_use = false;
    wire->changed.notify();
    co_return answer;
}

}  // namespace vmc::link
