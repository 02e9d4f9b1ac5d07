// SPDX-License-Identifier: Apache-2.0
// An orderly reboot that somebody asks for.
#include <algorithm>
#include <string>
#include <utility>

#include "base/span.hpp"
#include "health/boot_since.hpp"
#include "model/acquaintance.hpp"
#include "model/boot_story.hpp"
#include "recovery/climb.hpp"

namespace vmc::recovery {

namespace {

constexpr Duration reboot_told_within = std::chrono::seconds(40);

/// So that who comes next does not take it for news.
void remember_boot(const link::Ports& ports, const Target& target, const BootRecord& boot) {
    const auto change = [&](const std::optional<std::string>& record) {
        auto known = model::Acquaintance::parse(record.value_or(""));
        known.boot = boot;
        known.seen = ports.clock.wall_now();
        return known.serialise();
    };
    (void)ports.store.update(model::acquaintance_name(target), change);
}

}  // namespace

Async<Result<Reboot>> reboot(link::Ports ports, port::Prober& prober, link::Link& link, Duration within,
                             RecoveryFn tell) {
    const auto say = [&](std::string event, std::string text) {
        if (!tell) return;
        RecoveryNews news;
        news.at = ports.clock.wall_now();
        news.event = std::move(event);
        news.text = std::move(text);
        tell(news);
    };
    const Instant deadline = ports.clock.now() + within;
    auto before = co_await health::read_boot(ports, link);
    if (!before) co_return std::unexpected(before.error());
    Rungs rungs(ports, link, nullptr);
    co_await rungs.learn_means();
    if (!rungs.means().as_root())
        co_return failed(Code::declined, Stage::command,
                         "who is logged in there is not root, and sudo wants a password: nobody reboots it");
    const Instant ordered = ports.clock.now();
    auto taken = co_await rungs.take(Rung::reboot, "", std::nullopt);
    if (!taken) co_return std::unexpected(taken.error());
    say("began", "told to reboot in order");
    Instant last_answer = ports.clock.now();
    if (const auto wire = link.current()) last_answer = std::max(last_answer, wire->session->last_received());
    auto back = co_await until_back(ports, prober, link, before->boot_id, deadline);
    if (!back) co_return std::unexpected(back.error());
    say("closed", "back for sure " + spoken(back->proven - back->answered) + " after it answered: boot " +
                      back->now.boot_id.text() + ", read twice");
    auto story = model::boot_story(*before, back->now);
    if (link.current())
        story =
            co_await health::told_over(ports, link, *link.current()->session, *before, back->now, reboot_told_within);
    remember_boot(ports, link.target(), back->now);
    Reboot done(std::move(story));
    done.silent = back->answered - last_answer;
    done.took = back->proven - ordered;
    co_return done;
}

}  // namespace vmc::recovery
