// SPDX-License-Identifier: Apache-2.0
// Between two looks: what is heard meanwhile.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "flow/deadline.hpp"
#include "model/acquaintance.hpp"
#include "model/key_values.hpp"
#include "recovery/climb.hpp"

namespace vmc::recovery {

namespace {

/// However long there is to wait: what changed meanwhile is seen after that. With the longest look less than
/// Incident::longest_gap.
constexpr Duration look_each = std::chrono::seconds(30);
/// While it is silent, between two looks.
constexpr Duration listen_each = std::chrono::seconds(2);
constexpr Duration listen_for = std::chrono::milliseconds(500);
/// A file of the incident: when its switch said that a crash kernel has taken over. Its end may be missed: what hangs
/// then is brought back all the same after that. Half an hour writes 180 GB at 100 MB/s.
constexpr std::string_view crash_kernel = "crash-kernel";
constexpr Duration longest_dump = std::chrono::minutes(30);

}  // namespace

Async<void> Climb::wait(const model::Decision& decision) {
    using namespace boost::asio::experimental::awaitable_operators;
    const Instant until = std::min({decision.until, ports_.clock.now() + look_each, begun_ + policy_.within()});
    // What was online when this look ended is no news.
    const bool was_online = link_.current() != nullptr && link_.current()->usable();
    auto change = was_online ? ports_.clock.sleep_until(until) : until_it_answers(until);
    auto either = std::move(change) || until_its_switch_speaks(until);
    co_await std::move(either);
}

Async<void> Climb::until_it_answers(Instant until) {
    const auto online = [this] { return link_.current() != nullptr && link_.current()->usable(); };
    while (!online() && ports_.clock.now() < until) {
        // At no fixed pace: what comes and goes must not keep step with us.
        const auto pause = listen_each + std::chrono::milliseconds(ports_.random.draw() % 1000);
        auto step = link_.next_step();
        co_await flow::finishes(ports_.clock, std::min(until, ports_.clock.now() + pause), std::move(step));
        if (!condition_.silent || online()) continue;
        const bool heard = co_await answers();
        if (heard) co_return book_.heard();
    }
}

/// Where it does so by itself, and not sooner than listen_each, so that one that goes on talking does not make us look
/// without a break; else never. It may have time for one listener only: let go of in between.
Async<void> Climb::until_its_switch_speaks(Instant until) {
    const Instant soonest = std::min(until, ports_.clock.now() + listen_each);
    while (power_ != nullptr && power_->speaks() && ports_.clock.now() < until) {
        const auto said = co_await power_->overhear(std::min(until, ports_.clock.now() + listen_each));
        if (!said) continue;
        heard(*said);
        co_return co_await ports_.clock.sleep_until(soonest);
    }
    co_await ports_.clock.sleep_until(never);
}

/// Beside something else that ends.
Async<void> Climb::overhear_for_ever() {
    for (;;) {
        const Instant over = ports_.clock.now() + listen_each;
        if (power_ != nullptr && power_->speaks()) {
            const auto said = co_await power_->overhear(over);
            if (said) heard(*said);
        }
        co_await ports_.clock.sleep_until(over);
    }
}

/// Of a crash kernel whoever goes on with this incident has to know.
void Climb::heard(const PowerReading& said) {
    book_.log("looked", "its power switch says by itself: " + std::string(slug(said.state)) + " (" + said.detail + ")");
    if (said.state == PowerState::on) forget_crash_kernel();
    if (said.state == PowerState::dumping && !crash_kernel_since())
        book_.keep(crash_kernel, std::to_string(ports_.clock.wall_now().time_since_epoch() / std::chrono::seconds(1)));
}

std::optional<WallTime> Climb::crash_kernel_since() const {
    const auto seconds = model::whole_number<std::uint32_t>(book_.kept(crash_kernel).value_or(""));
    if (!seconds) return std::nullopt;
    const WallTime since{std::chrono::seconds(*seconds)};
    const auto ago = ports_.clock.wall_now() - since;
    return ago >= Duration{} && ago < longest_dump ? std::optional(since) : std::nullopt;
}

void Climb::forget_crash_kernel() {
    if (crash_kernel_since()) book_.keep(crash_kernel, "over");
}

/// An echo, or a word of its port, which cost the VM nothing. A forwarder's port always answers.
Async<bool> Climb::answers() {
    const auto record = ports_.store.read(model::acquaintance_name(link_.target()));
    const bool forwarded = record && *record && model::Acquaintance::parse(**record).forwarded;
    if (forwarded || !link_.target().proxy_command().empty()) co_return false;
    const auto found = co_await prober_.resolve(link_.target().host(), ports_.clock.now() + listen_for);
    if (!found || found->empty()) co_return false;
    const auto knock = co_await prober_.knock(found->front(), link_.target().port(), ports_.clock.now() + listen_for);
    if (knock.answer == port::PortAnswer::open || knock.answer == port::PortAnswer::refused) co_return true;
    const auto ping = co_await prober_.ping(found->front(), ports_.clock.now() + listen_for);
    co_return ping.answer == Answer::works;
}

}  // namespace vmc::recovery
